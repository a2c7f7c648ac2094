// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/** Says to the threads of one side that what they do is of no use any more. */
final class CallOff {

  private volatile boolean called;
  private volatile Runnable wake = () -> {
  };

  /** Has something done when it is called, which wakes threads that would not ask. */
  void onCall(Runnable waking) {
    wake = waking;
  }

  void call() {
    called = true;
    wake.run();
  }

  /** Throws if it was called; to be asked between pieces of work. */
  void check() throws CalledOffException {
    if (called) {
      throw new CalledOffException();
    }
  }
}
