// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.RegionWrite;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Neither the client nor the server allocates on the heap for a message. */
class AllocationTest {

  private static final int MESSAGES = 40_000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir
  private Path folder;

  /** A command and its reply. */
  @FunctionalInterface
  interface Exchange {
    void run() throws Exception;
  }

  private static void assertAllocatesNothing(TestServer served, Exchange exchange) throws Exception {
    clientAllocates(served, exchange);
  }

  private static void assertNeitherAllocates(TestServer served, Exchange exchange) throws Exception {
    assertThat(clientAllocates(served, exchange)).as("bytes for %d messages in the client", MESSAGES)
        .isLessThan(MESSAGES);
  }

  /** Checks that the server allocates nothing, and returns the bytes that the client allocated. */
  private static long clientAllocates(TestServer served, Exchange exchange) throws Exception {
    for (int i = 0; i < MESSAGES; i++) {
      exchange.run();
    }
    long before = THREADS.getThreadAllocatedBytes(served.thread().threadId());
    long clientBefore = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < MESSAGES; i++) {
      exchange.run();
    }
    long allocated = THREADS.getThreadAllocatedBytes(served.thread().threadId()) - before;
    long byClient = THREADS.getCurrentThreadAllocatedBytes() - clientBefore;
    assertThat(allocated).as("bytes for %d messages in the server", MESSAGES).isLessThan(MESSAGES);
    return byClient;
  }

  @Test
  void readsRegisterWithoutAllocating() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(4, 4);
      assertNeitherAllocates(served, () -> client.readRegion(TestDevice.BAR0, 0, into));
    }
  }

  @Test
  void postsRegisterWritesWithoutAllocating() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(4, 4);
      List<RegionWrite> writes = IntStream.range(0, 100)
          .mapToObj(i -> RegionWrite.ofInt(TestDevice.BAR2, 4L * i, i)).toList();
      assertAllocatesNothing(served, () -> {
        client.regions().postWrite(TestDevice.BAR2, 8, data);
        client.regions().writeAll(writes);
      });
    }
  }

  @Test
  void writesRegisterWithoutAllocating() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(4, 4);
      assertNeitherAllocates(served, () -> client.writeRegion(TestDevice.BAR0, 0, data));
    }
  }

  @Test
  void readsStateWithoutAllocating() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(4096, 4);
      SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
      served.device().endless = true;
      assertAllocatesNothing(served, () -> assertBytesReceived(saving.read(into)));
    }
  }

  private static void assertBytesReceived(long got) {
    if (got != 4096) {
      throw new AssertionError("read " + got);
    }
  }
}
