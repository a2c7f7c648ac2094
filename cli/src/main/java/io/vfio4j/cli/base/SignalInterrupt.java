// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

/** Makes a signal interrupt the current thread until this is closed, which clears the interrupt. */
public final class SignalInterrupt implements AutoCloseable {

  private final Termination.Registration registration;

  private SignalInterrupt(Termination.Registration registration) {
    this.registration = registration;
  }

  /** Registers the calling thread. */
  public static SignalInterrupt install() {
    return new SignalInterrupt(Termination.onSignal(Thread.currentThread()::interrupt));
  }

  @Override
  public void close() {
    registration.close();
    Thread.interrupted();
  }
}
