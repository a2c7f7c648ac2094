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
final class FuzzedDevice implements AutoCloseable {

  /** Enough for classes that a session is the first to need, and for the client. */
  static final long ALLOWED_FOR_SESSION = 16 << 20;
  private static final long ALLOWED_FOR_MESSAGE = 32 << 10;
  private static final long ALLOWED_FOR_BYTE = 16;
  private static final long BYTES_OF_LARGE = 2 << 20;
  private static final int MOST_LINES = 4096;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FdPool fds;
  private final OpenFds open;
  /** Since to make one takes longer than a session does: kept as long as each finds it as new. */
  private final @Nullable ServedDevice[] kept = new ServedDevice[ServedDevice.SETUPS];
  private final long allowedForSession;
  private long messages;

  /**
   * Makes one.
   *
   * @param allowedForSession bytes of the heap that a session may take beyond what its messages need
   */
  FuzzedDevice(long allowedForSession) throws IOException {
    this.allowedForSession = allowedForSession;
    fds = new FdPool();
    open = new OpenFds();
  }

  /** Returns how many messages fuzzed clients sent. */
  long messages() {
    return messages;
  }

  /**
   * Runs a session.
   *
   * @throws BrokenPropertyException if something does not hold
   */
  void run(Session session) throws IOException {
    int setup = session.setup() % ServedDevice.SETUPS;
    ServedDevice served = kept[setup];
    kept[setup] = null;
    if (served == null) {
      served = new ServedDevice(setup);
    }
    boolean isAsNew = false;
    try {
      isAsNew = run(session, served);
    } finally {
      if (isAsNew) {
        kept[setup] = served;
      } else {
        served.close();
      }
    }
  }

  /** Returns whether the device is as new. */
  private boolean run(Session session, ServedDevice served) throws IOException {
    fds.clear();
    open.grown();
    served.log().clear();
    FuzzClient client = new FuzzClient(session, fds, served.clock());
    long before = THREADS.getCurrentThreadAllocatedBytes();
    served.server().serve(client);
    messages += client.dialogue().messages();
    checkAllocated(THREADS.getCurrentThreadAllocatedBytes() - before, session, client.dialogue().messages());
    long leaked = open.grown();
    check(leaked == 0, leaked + " descriptors are left open");
    DeviceState state = served.device().state();
    check(state == DeviceState.RUNNING, "the device is in " + state);
    check(served.log().size() <= MOST_LINES, "a log of " + served.log().size() + " lines");
    boolean isReset = !client.keepsState() && !served.keepsState();
    new NextClient(isReset, fds).check(served.server());
    return isReset;
  }

  private void checkAllocated(long allocated, Session session, long messages) {
    long bytes = 0;
    for (Op op : session.ops()) {
      bytes += switch (op) {
        case Op.Message message -> message.body().length;
        case Op.Raw raw -> raw.bytes().length;
        case Op.Large _ -> BYTES_OF_LARGE;
        case Op.Echo _ -> ServedDevice.MEMORY_SIZE;
        default -> 0;
      };
    }
    long allowed = allowedForSession + messages * ALLOWED_FOR_MESSAGE + bytes * ALLOWED_FOR_BYTE;
    check(allocated <= allowed, allocated + " bytes were allocated, and " + allowed + " are allowed");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new BrokenPropertyException(otherwise);
    }
  }

  @Override
  public void close() {
    for (ServedDevice served : kept) {
      if (served != null) {
        served.close();
      }
    }
    fds.close();
  }
}
