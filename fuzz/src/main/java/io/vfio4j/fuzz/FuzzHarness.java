// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import com.sun.management.ThreadMXBean;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/**
 * Serves a scratch device to a fuzzed client, and then to a well-behaved one. Whatever the first one does: no
 * exception leaves its connection, replies follow the protocol, the server's allocations are bounded, no
 * descriptor is left open, the device is back in RUNNING, and the second one finds it in its initial state.
 */
final class FuzzHarness implements AutoCloseable {

  /** Enough for the client, and for classes that are loaded for the first time. */
  static final long ALLOWED_PER_INPUT = 16 << 20;
  private static final long ALLOWED_PER_MESSAGE = 32 << 10;
  private static final long ALLOWED_PER_BYTE = 16;
  private static final long LARGE_SIZE = 2 << 20;
  private static final int MAX_LINES = 4096;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FdPool fds;
  private final FdCounter fdCounter;
  /**
   * Servers by setup, reused while their device is in its initial state: making one takes longer than an
   * input.
   */
  private final @Nullable FuzzServer[] cached = new FuzzServer[FuzzServer.SETUPS];
  private final long allowedPerInput;
  private long messages;

  /**
   * Makes a harness.
   *
   * @param allowedPerInput bytes of the heap that an input may allocate in addition to those for its messages
   */
  FuzzHarness(long allowedPerInput) throws IOException {
    this.allowedPerInput = allowedPerInput;
    fds = new FdPool();
    fdCounter = new FdCounter();
  }

  /** Returns the number of messages that fuzzed clients sent. */
  long messages() {
    return messages;
  }

  /**
   * Runs an input.
   *
   * @throws InvariantViolationException if an invariant does not hold
   */
  void run(FuzzInput input) throws IOException {
    int setup = input.setup() % FuzzServer.SETUPS;
    FuzzServer server = cached[setup];
    cached[setup] = null;
    if (server == null) {
      server = new FuzzServer(setup);
    }
    boolean isPristine = false;
    try {
      isPristine = run(input, server);
    } finally {
      if (isPristine) {
        cached[setup] = server;
      } else {
        server.close();
      }
    }
  }

  /** Runs an input. Returns whether the device is in its initial state again. */
  private boolean run(FuzzInput input, FuzzServer server) throws IOException {
    fds.clear();
    fdCounter.countNew();
    server.log().clear();
    FuzzClient client = new FuzzClient(input, fds, server.clock());
    long before = THREADS.getCurrentThreadAllocatedBytes();
    server.server().serve(client);
    messages += client.monitor().messages();
    checkAllocated(THREADS.getCurrentThreadAllocatedBytes() - before, input, client.monitor().messages());
    long leaked = fdCounter.countNew();
    check(leaked == 0, leaked + " descriptors leaked");
    DeviceState state = server.device().state();
    check(state == DeviceState.RUNNING, "the device is in " + state);
    check(server.log().size() <= MAX_LINES, "a log of " + server.log().size() + " lines");
    boolean isReset = !client.keepsState() && !server.keepsState();
    new FollowUpClient(isReset, fds).check(server.server());
    return isReset;
  }

  private void checkAllocated(long allocated, FuzzInput input, long messages) {
    long bytes = 0;
    for (Op op : input.ops()) {
      bytes += switch (op) {
        case Op.Message message -> message.body().length;
        case Op.Raw raw -> raw.bytes().length;
        case Op.Large _ -> LARGE_SIZE;
        case Op.Echo _ -> FuzzServer.MEMORY_SIZE;
        default -> 0;
      };
    }
    long allowed = allowedPerInput + messages * ALLOWED_PER_MESSAGE + bytes * ALLOWED_PER_BYTE;
    check(allocated <= allowed, allocated + " bytes were allocated, more than the allowed " + allowed);
  }

  private static void check(boolean holds, String violation) {
    if (!holds) {
      throw new InvariantViolationException(violation);
    }
  }

  @Override
  public void close() {
    for (FuzzServer server : cached) {
      if (server != null) {
        server.close();
      }
    }
    fds.close();
  }
}
