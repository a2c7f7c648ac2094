// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.device.StateMemoryFile;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.DeferredMessage;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.SliceTable;
import io.vfio4j.vfiouser.wire.Structs.StateMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The commands that pass the memory of a device's state, with three memories and two descriptors a message. */
class StateMemoryCommandsTest {

  private static final int PAGE = 4096;

  /** Offers three memories, and keeps what it adopts. */
  private static final class MemoryDevice extends TestDevice {

    private final List<StateMemoryFile> memories = new ArrayList<>();
    private final List<Long> adoptedSizes = new ArrayList<>();
    private boolean omits;

    MemoryDevice() throws LinuxException {
      super(MigrationFeatures.ALL);
    }

    @Override
    public List<StateMemoryFile> stateMemory() {
      return memories;
    }

    @Override
    public void omitStateMemory(boolean omit) {
      omits = omit;
    }

    @Override
    public void adoptStateMemory(List<Fd> files) throws ErrnoException {
      try {
        for (Fd file : files) {
          adoptedSizes.add(file.size());
        }
      } catch (LinuxException e) {
        throw new ErrnoException(e.errno(), "a file without a size", e);
      }
    }
  }

  private MemoryDevice device;
  private StateMemoryCommands commands;
  private final Reply reply =
      new Reply(new SliceTable(MemorySegment.ofArray(new byte[Reply.HEAD_SIZE])));

  @BeforeEach
  void createMemories() throws Exception {
    device = new MemoryDevice();
    commands = new StateMemoryCommands(device, 2);
    for (int i = 1; i <= 3; i++) {
      Fd file = Memfd.create("memory", (long) i * PAGE);
      device.memories.add(new StateMemoryFile("memory " + i, (long) i * PAGE, file));
    }
  }

  @AfterEach
  void closeMemories() {
    commands.close();
    device.memories.forEach(memory -> memory.file().close());
    device.close();
  }

  private void handle(Command command, MessageBytes body, List<Fd> fds) throws ErrnoException {
    byte[] bytes = body.toBytes();
    MemorySegment message = MemorySegment.ofArray(new byte[Header.SIZE + bytes.length]);
    Header.write(message, 1, command.wireValue(), message.byteSize(), 0, 0);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, message, Header.SIZE, bytes.length);
    try (DeferredMessage received = DeferredMessage.of(message, fds);
        Request request = new Request(new SliceTable(MemorySegment.ofArray(new byte[PAGE])))) {
      request.load(received);
      reply.clear();
      if (command == Command.STATE_MEMORY_EXPORT) {
        commands.exportPart(request, reply);
      } else {
        commands.importPart(request, reply);
      }
    }
  }

  private int replied(int offset) {
    return reply.headSegment().get(LittleEndian.U32, Header.SIZE + offset);
  }

  private long size(int index) {
    return reply.headSegment().get(LittleEndian.U64, Header.SIZE + StateMemory.SIZE + index * 8L);
  }

  private void export(int flags, int first) throws ErrnoException {
    handle(Command.STATE_MEMORY_EXPORT, MessageBytes.empty().u32(64, flags, first, 0), List.of());
  }

  private void adopt(int flags, int first, long... sizes) throws Exception {
    List<Fd> fds = new ArrayList<>();
    for (long size : sizes) {
      fds.add(Memfd.create("passed", size));
    }
    handle(Command.STATE_MEMORY_IMPORT,
        MessageBytes.empty().u32(StateMemory.SIZE + sizes.length * 8, flags, first, sizes.length).u64(sizes),
        fds);
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void assertRefused(Errno errno, Call call) {
    assertThatExceptionOfType(ErrnoException.class).isThrownBy(call::run)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void exportsInParts() throws Exception {
    export(0, 0);
    assertThat(List.of(replied(StateMemory.FLAGS), replied(StateMemory.COUNT), reply.fdCount()))
        .containsExactly(0, 2, 2);
    assertThat(List.of(size(0), size(1))).containsExactly((long) PAGE, 2L * PAGE);
    assertThat(device.omits).isFalse();
    export(StateMemory.OMIT, 2);
    assertThat(List.of(replied(StateMemory.FLAGS), replied(StateMemory.COUNT), reply.fdCount()))
        .containsExactly(StateMemory.LAST, 1, 1);
    assertThat(size(0)).isEqualTo(3L * PAGE);
    assertThat(device.omits).isTrue();
    commands.close();
    assertThat(device.omits).isFalse();
  }

  @Test
  void refusesInvalidExports() throws Exception {
    assertRefused(Errno.EINVAL, () -> export(4, 0));
    assertRefused(Errno.EINVAL, () -> export(0, 3));
    assertRefused(Errno.EINVAL, () -> export(0, -1));
    assertRefused(Errno.EINVAL, () -> handle(Command.STATE_MEMORY_EXPORT,
        MessageBytes.empty().u32(StateMemory.SIZE, StateMemory.OMIT, 0, 0), List.of()));
    assertThat(device.omits).isFalse();
  }

  @Test
  void doesNotOfferTheMemoryOfOtherDevices() {
    device.memories.forEach(memory -> memory.file().close());
    device.memories.clear();
    assertRefused(Errno.ENOTTY, () -> export(0, 0));
  }

  @Test
  void importsInParts() throws Exception {
    adopt(0, 0, PAGE, 2 * PAGE);
    assertThat(device.adoptedSizes).isEmpty();
    adopt(StateMemory.LAST, 2, 3 * PAGE);
    assertThat(device.adoptedSizes).containsExactly((long) PAGE, 2L * PAGE, 3L * PAGE);
  }

  @Test
  void firstPartRestartsAnImport() throws Exception {
    adopt(0, 0, PAGE);
    adopt(0, 0, PAGE, 2 * PAGE);
    adopt(StateMemory.LAST, 2, 3 * PAGE);
    assertThat(device.adoptedSizes).hasSize(3);
  }

  @Test
  void refusesInvalidImports() throws Exception {
    assertRefused(Errno.EINVAL, () -> adopt(StateMemory.LAST, 1, PAGE));
    assertRefused(Errno.EINVAL, () -> adopt(2, 0, PAGE));
    assertRefused(Errno.EINVAL, () -> adopt(StateMemory.LAST, 0));
    assertRefused(Errno.EINVAL, () -> adopt(StateMemory.LAST, 0, PAGE, PAGE, PAGE));
    assertRefused(Errno.EINVAL, () -> handle(Command.STATE_MEMORY_IMPORT,
        MessageBytes.empty().u32(24, StateMemory.LAST, 0, 1).u64(PAGE), List.of()));
    assertRefused(Errno.EINVAL, () -> handle(Command.STATE_MEMORY_IMPORT,
        MessageBytes.empty().u32(16, 0, 0, -1), List.of()));
    assertThat(device.adoptedSizes).isEmpty();
  }
}
