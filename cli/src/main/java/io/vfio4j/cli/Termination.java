// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/**
 * How the process ends. SIGTERM, SIGINT and SIGHUP let the command that runs end in order: what it has registered is
 * called, and the exit code is the command's own.
 */
public final class Termination {

  private static final Deque<Runnable> ACTIONS = new ArrayDeque<>();
  private static final CompletableFuture<Integer> EXIT_CODE = new CompletableFuture<>();
  private static boolean requested;

  private Termination() {
  }

  /** Undoes a registration. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  static void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(Termination::shutDown, "vfio4j-termination"));
  }

  /**
   * Registers what ends a command; if the end was asked for before, it is called at once.
   *
   * @param action must not wait
   */
  public static Registration onSignal(Runnable action) {
    boolean now;
    synchronized (ACTIONS) {
      now = requested;
      ACTIONS.push(action);
    }
    if (now) {
      action.run();
    }
    return () -> {
      synchronized (ACTIONS) {
        ACTIONS.remove(action);
      }
    };
  }

  /** Ends the process. Must be called however the command ends, for a signal waits for it. */
  static void exit(int code) {
    EXIT_CODE.complete(code);
    System.exit(code);
  }

  /** Does what a signal does, once, without the end of the process. */
  static void runActions() {
    registered(false).forEach(Runnable::run);
  }

  private static Deque<Runnable> registered(boolean forGood) {
    synchronized (ACTIONS) {
      requested |= forGood;
      return new ArrayDeque<>(ACTIONS);
    }
  }

  private static void shutDown() {
    registered(true).forEach(Runnable::run);
    // The JVM would answer a signal with 128 and its number, though the command ends as it should, and even if the
    // signal comes when the command has just ended. A thread in System.exit waits for this one, so there is no
    // other way to the command's own exit code.
    int code = EXIT_CODE.join();
    System.out.flush();
    System.err.flush();
    Runtime.getRuntime().halt(code);
  }
}
