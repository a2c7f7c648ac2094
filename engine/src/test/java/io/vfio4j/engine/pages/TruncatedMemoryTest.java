// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.MemoryOutput;
import io.vfio4j.engine.stream.RateGate;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory whose file is truncated while it is sent or received: a clear error on either side, and no crash. */
class TruncatedMemoryTest {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final long PAGES = 64;
  private static final int FRAME = 128 << 10;
  private static final String WORDS =
      "region ram, 256.0 KiB at 0x0, cannot be accessed: its file was truncated, or no memory is left for it";

  @TempDir
  private Path folder;

  private interface FileAction {
    void run(MemoryRegions memory, FileChannel file, Arena arena) throws IOException;
  }

  private void withFile(FileAction test) throws IOException {
    try (Arena arena = Arena.ofShared(); FileChannel file = FileChannel.open(folder.resolve("ram"),
        StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment memory = file.map(FileChannel.MapMode.READ_WRITE, 0, PAGES * PAGE, arena);
      memory.fill((byte) 1);
      test.run(MemoryRegions.of(new MemoryRegion("ram", 0, memory)), file, arena);
    }
  }

  @Test
  void reportsTruncatedFileWhenSending() throws IOException {
    withFile((memory, file, arena) -> {
      try (PendingPages pending = new PendingPages(memory)) {
        CountingOutput out = new CountingOutput(arena.allocate(FRAME));
        MemorySender sender =
            new MemorySender(memory, pending, new ChannelShards(1), 0,
                new MemorySender.Output(out, FRAME, MemoryTrial.ANY));
        for (int i = 0; i < 1000; i++) { // Compiled code reports the error late.
          sender.sendPending();
          pending.markAll();
        }
        out.frames = 0;
        file.truncate(PAGES / 2 * PAGE);
        assertThatThrownBy(sender::sendPending).isInstanceOf(IOException.class).hasMessage(WORDS);
        assertThat(out.frames).as("frames sent before the end of the file").isEqualTo(1);
      }
    });
  }

  private static final class CountingOutput implements MemoryOutput {
    private final MemorySegment payload;
    private int frames;

    CountingOutput(MemorySegment payload) {
      this.payload = payload;
    }

    @Override
    public MemorySegment payload() {
      return payload;
    }

    @Override
    public void sendMemory(int length, RateGate gate) {
      frames++;
    }
  }

  @Test
  void reportsTruncatedFileWhenReceiving() throws IOException {
    withFile((memory, file, arena) -> {
      MemorySegment payload = arena.allocate(FRAME);
      MemoryReceiver receiver = new MemoryReceiver(memory, new ChannelShards(1), 0);
      for (int flags : new int[] {0, MemoryRuns.ZERO}) {
        file.write(ByteBuffer.allocate(1), PAGES * PAGE - 1);
        int length = frame(payload, flags);
        for (int i = 0; i < 1000; i++) {
          receiver.apply(payload, length);
        }
        file.truncate(PAGES / 2 * PAGE);
        assertThatThrownBy(() -> receiver.apply(payload, length)).isInstanceOf(IOException.class)
            .hasMessage(WORDS);
      }
    });
  }

  private static int frame(MemorySegment payload, int flags) {
    MemoryRuns runs = new MemoryRuns(payload);
    runs.setHead(0, 1);
    runs.setRun(0, (PAGES - 2) * PAGE, 2, flags);
    payload.set(ValueLayout.JAVA_BYTE, MemoryRuns.dataAt(1), (byte) 1);
    return MemoryRuns.dataAt(1) + (flags == 0 ? (int) (2 * PAGE) : 0);
  }
}
