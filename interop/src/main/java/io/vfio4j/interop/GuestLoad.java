// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.Commands;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;

/** A load on a device in a guest ({@code load.c}), while the device moves from server to server. */
final class GuestLoad {

  /** The lifetime of the guest's QEMU is shorter. */
  private static final Duration LIFETIME = Duration.ofDays(1);
  /** On a busy machine the default would be exceeded; the longest pause is in the verdict anyway. */
  private static final String MAX_DOWNTIME = "3s";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Guest guest;
  private final FutureTask<Integer> command;
  /** Guarded by itself. */
  private final List<String> output = new ArrayList<>();
  private final List<LoadVerdict.Swap> swaps = new ArrayList<>();

  private GuestLoad(Guest guest, String program) {
    this.guest = guest;
    command = new FutureTask<>(() -> guest.run("guest " + program, LIFETIME, this::add));
  }

  /**
   * Starts a load and waits for its first progress.
   *
   * @param program the guest's program and its arguments
   */
  static GuestLoad start(Guest guest, String program) throws IOException, InterruptedException {
    GuestLoad load = new GuestLoad(guest, program);
    Thread thread = new Thread(load.command, "guest-load");
    thread.setDaemon(true);
    thread.start();
    load.awaitLines(LoadVerdict.LINES_AFTER);
    return load;
  }

  private void add(String line) {
    synchronized (output) {
      output.add(line);
      output.notifyAll();
    }
  }

  private int lines() {
    synchronized (output) {
      return (int) output.stream().filter(line -> line.startsWith(LoadVerdict.LINE)).count();
    }
  }

  private void awaitLines(int count) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    synchronized (output) {
      while (lines() < count) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (command.isDone() || left <= 0) {
          throw new GuestException(
              "the load makes no progress: " + output.subList(Math.max(0, output.size() - 3), output.size()));
        }
        // Also returns to notice the end of the command.
        output.wait(Math.min(left, 100));
      }
    }
  }

  /**
   * Moves the device while the load runs, and waits until the load has gone on at the new server.
   *
   * @throws IOException if the swap fails, with its output, or the load does not continue
   */
  void swap(ControlledServer from, ControlledServer to) throws IOException, InterruptedException {
    during(() -> {
      Result result = runSwap(from, to);
      if (result.code() != 0) {
        throw new IOException("swap failed with exit code %d: %s".formatted(result.code(), result.err()));
      }
    });
  }

  /** A change to the device or to the VM that the guest should not notice. */
  interface Change {
    void run() throws IOException, InterruptedException;
  }

  /** Makes a change while the load runs, which the verdict counts as a swap, and waits until the load has gone on. */
  void during(Change change) throws IOException, InterruptedException {
    int before = lines();
    change.run();
    swaps.add(new LoadVerdict.Swap(before, lines()));
    awaitLines(lines() + LoadVerdict.LINES_AFTER);
  }

  /** Moves the device back and forth, beginning at the first server. */
  void swap(ControlledServer first, ControlledServer second, int count)
      throws IOException, InterruptedException {
    for (int i = 0; i < count; i++) {
      swap(i % 2 == 0 ? first : second, i % 2 == 0 ? second : first);
    }
  }

  /** Returns whether the guest's program has not ended. */
  boolean isRunning() {
    return !command.isDone();
  }

  /** Waits for some more progress. */
  void awaitProgress() throws IOException, InterruptedException {
    awaitLines(lines() + LoadVerdict.LINES_AFTER);
  }

  /**
   * The result of a command in this process.
   *
   * @param code its exit code
   * @param err its standard error
   */
  record Result(int code, String err) {
  }

  /** Runs {@code vfio4j swap} in this process, because starting a JVM would take most of the time. */
  static Result runSwap(ControlledServer from, ControlledServer to) {
    StringWriter err = new StringWriter();
    CommandLine line = Commands.commandLine();
    line.setOut(new PrintWriter(new StringWriter(), true));
    line.setErr(new PrintWriter(err, true));
    return new Result(line.execute("swap", "--from", from.address(), "--to", to.address(),
        "--max-downtime", MAX_DOWNTIME, "--state-dir", from.control().resolveSibling("state").toString()),
        err.toString());
  }

  /** Ends the load and computes the verdict. */
  LoadVerdict end(LoadVerdict.Limits limits) throws IOException, InterruptedException {
    guest.endLoad();
    try {
      int status = command.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      synchronized (output) {
        return LoadVerdict.of(output, status, swaps, limits);
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the load does not end", e);
    }
  }
}
