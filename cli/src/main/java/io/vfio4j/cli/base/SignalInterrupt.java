// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

/** Lets a signal interrupt what the current thread does; the interrupt does not outlive it. */
public final class SignalInterrupt implements AutoCloseable {

  private final Termination.Registration registration;

  private SignalInterrupt(Termination.Registration registration) {
    this.registration = registration;
  }

  /** From now on a signal interrupts the thread that calls this. */
  public static SignalInterrupt install() {
    return new SignalInterrupt(Termination.onSignal(Thread.currentThread()::interrupt));
  }

  @Override
  public void close() {
    registration.close();
    Thread.interrupted();
  }
}
