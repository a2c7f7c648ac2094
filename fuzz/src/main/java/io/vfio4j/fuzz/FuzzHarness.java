// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import com.sun.management.ThreadMXBean;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/**
 * A scratch device that is served to one fuzzed client, and then to one that is well-behaved. Whatever the first one
 * does: no exception leaves its connection, it is answered as the protocol says, what the server allocates stays
 * within bounds, no descriptor is left open, the device runs again, and the second one finds it as new.
 */
final class FuzzHarness implements AutoCloseable {

  /** Enough for classes that a session is the first to need, and for the client. */
  static final long ALLOWED_PER_INPUT = 16 << 20;
  private static final long ALLOWED_PER_MESSAGE = 32 << 10;
  private static final long ALLOWED_PER_BYTE = 16;
  private static final long LARGE_SIZE = 2 << 20;
  private static final int MAX_LINES = 4096;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FdPool fds;
  private final FdCounter fdCounter;
  /** Since to make one takes longer than a session does: kept as long as each finds it as new. */
  private final @Nullable FuzzServer[] cached = new FuzzServer[FuzzServer.SETUPS];
  private final long allowedPerInput;
  private long messages;

  /**
   * Makes one.
   *
   * @param allowedForSession bytes of the heap that a session may take beyond what its messages need
   */
  FuzzHarness(long allowedForSession) throws IOException {
    this.allowedPerInput = allowedForSession;
    fds = new FdPool();
    fdCounter = new FdCounter();
  }

  /** Returns how many messages fuzzed clients sent. */
  long messages() {
    return messages;
  }

  /**
   * Runs a session.
   *
   * @throws InvariantViolationException if something does not hold
   */
  void run(FuzzInput session) throws IOException {
    int setup = session.setup() % FuzzServer.SETUPS;
    FuzzServer served = cached[setup];
    cached[setup] = null;
    if (served == null) {
      served = new FuzzServer(setup);
    }
    boolean isAsNew = false;
    try {
      isAsNew = run(session, served);
    } finally {
      if (isAsNew) {
        cached[setup] = served;
      } else {
        served.close();
      }
    }
  }

  /** Returns whether the device is as new. */
  private boolean run(FuzzInput session, FuzzServer served) throws IOException {
    fds.clear();
    fdCounter.countNew();
    served.log().clear();
    FuzzClient client = new FuzzClient(session, fds, served.clock());
    long before = THREADS.getCurrentThreadAllocatedBytes();
    served.server().serve(client);
    messages += client.monitor().messages();
    checkAllocated(THREADS.getCurrentThreadAllocatedBytes() - before, session, client.monitor().messages());
    long leaked = fdCounter.countNew();
    check(leaked == 0, leaked + " descriptors are left open");
    DeviceState state = served.device().state();
    check(state == DeviceState.RUNNING, "the device is in " + state);
    check(served.log().size() <= MAX_LINES, "a log of " + served.log().size() + " lines");
    boolean isReset = !client.keepsState() && !served.keepsState();
    new FollowUpClient(isReset, fds).check(served.server());
    return isReset;
  }

  private void checkAllocated(long allocated, FuzzInput session, long messages) {
    long bytes = 0;
    for (Op op : session.ops()) {
      bytes += switch (op) {
        case Op.Message message -> message.body().length;
        case Op.Raw raw -> raw.bytes().length;
        case Op.Large _ -> LARGE_SIZE;
        case Op.Echo _ -> FuzzServer.MEMORY_SIZE;
        default -> 0;
      };
    }
    long allowed = allowedPerInput + messages * ALLOWED_PER_MESSAGE + bytes * ALLOWED_PER_BYTE;
    check(allocated <= allowed, allocated + " bytes were allocated, and " + allowed + " are allowed");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new InvariantViolationException(otherwise);
    }
  }

  @Override
  public void close() {
    for (FuzzServer served : cached) {
      if (served != null) {
        served.close();
      }
    }
    fds.close();
  }
}
