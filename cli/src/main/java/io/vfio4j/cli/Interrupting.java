// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

/** Lets a signal interrupt what the current thread does; the interrupt does not outlive it. */
final class Interrupting implements AutoCloseable {

  private final Termination.Registration registration;

  private Interrupting(Termination.Registration registration) {
    this.registration = registration;
  }

  static Interrupting onSignal() {
    return new Interrupting(Termination.onSignal(Thread.currentThread()::interrupt));
  }

  @Override
  public void close() {
    registration.close();
    Thread.interrupted();
  }
}
