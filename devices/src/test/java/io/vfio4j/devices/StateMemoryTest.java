// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.device.StateMemoryFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory that goes by descriptor from one device to another. */
class StateMemoryTest {

  private static final int PAGE = MemorySpec.PAGE_SIZE;

  private DeviceFixture<TestPciDevice> source;
  private DeviceFixture<TestPciDevice> target;

  @BeforeEach
  void start() throws IOException {
    source = fixture(true);
    target = fixture(true);
  }

  @AfterEach
  void stop() {
    source.close();
    target.close();
  }

  private static DeviceFixture<TestPciDevice> fixture(boolean passesMemory) throws IOException {
    return DeviceFixture.of(setup -> new TestPciDevice(setup.withPassesMemory(passesMemory)));
  }

  private static List<Fd> files(List<StateMemoryFile> memories) {
    return memories.stream().map(StateMemoryFile::file).toList();
  }

  private static byte[] content(Fd file, long size) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return MemoryMap.shared(file, 0, size, false, arena).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private byte[] passedContent() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (StateMemoryFile memory : source.device.stateMemory()) {
      all.writeBytes(content(memory.file(), memory.size()));
    }
    return all.toByteArray();
  }

  /** Loads the source's state into the target, with its memory, and leaves both stopped. */
  private void pass() throws Exception {
    List<StateMemoryFile> memories = source.device.stateMemory();
    source.device.omitStateMemory(true);
    byte[] state = source.saved();
    var session = target.resume();
    target.device.adoptStateMemory(files(memories));
    session.write(DeviceFixture.segment(state));
    target.device.moveTo(DeviceState.STOP);
  }

  private static void assertRefused(Errno errno, String reason, ThrowingCall call) {
    assertThatExceptionOfType(ErrnoException.class).isThrownBy(call::run)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno)).withMessageContaining(reason);
  }

  private interface ThrowingCall {
    void run() throws Exception;
  }

  @Test
  void memoryOfTheSourceBecomesTheTargets() throws Exception {
    source.device.memory.putLong(8, 0x1234);
    source.device.hidden.putLong(PAGE, 0x5678);
    source.set64(0, TestPciDevice.VALUE, 77);
    pass();
    target.device.moveTo(DeviceState.RUNNING);
    assertThat(target.device.memory.getLong(8)).isEqualTo(0x1234);
    assertThat(target.device.hidden.getLong(PAGE)).isEqualTo(0x5678);
    assertThat(target.get64(0, TestPciDevice.VALUE)).isEqualTo(77);
    target.device.memory.putLong(8, 9);
    assertThat(source.device.memory.getLong(8)).isEqualTo(9);
  }

  @Test
  void streamContainsNoPages() throws Exception {
    source.device.omitStateMemory(true);
    long estimate = source.device.stopCopyLength().orElseThrow();
    byte[] omitted = source.saved();
    source.device.moveTo(DeviceState.RUNNING);
    byte[] whole = source.saved();
    assertThat(omitted).hasSize((int) estimate).hasSizeLessThan(PAGE);
    assertThat(whole).hasSizeGreaterThan(5 * PAGE);
    assertThat(Arrays.copyOfRange(whole, 12, 16)).containsExactly(32, 0, 0, 0);
    assertThat(Arrays.copyOfRange(omitted, 12, 16)).containsExactly(32, 0, 1, 0);
  }

  @Test
  void writesDuringPreCopyNeedNoRecord() throws Exception {
    source.device.omitStateMemory(true);
    List<StateMemoryFile> memories = source.device.stateMemory();
    SavingSession saving = source.save(DeviceState.PRE_COPY);
    ByteArrayOutputStream state = new ByteArrayOutputStream();
    state.writeBytes(DeviceFixture.drain(saving, 1 << 20));
    source.device.memory.putLong(2 * PAGE, 0xabc);
    assertThat(saving.preCopyInfo().orElseThrow().dirtyBytes()).isZero();
    source.device.moveTo(DeviceState.STOP_COPY);
    state.writeBytes(DeviceFixture.drain(saving, 100));
    var session = target.resume();
    target.device.adoptStateMemory(files(memories));
    session.write(DeviceFixture.segment(state.toByteArray()));
    target.device.moveTo(DeviceState.RUNNING);
    assertThat(target.device.memory.getLong(2 * PAGE)).isEqualTo(0xabc);
  }

  @Test
  void adoptedMemoryIsUntouchedUntilTheTargetRuns() throws Exception {
    source.device.memory.putLong(0, 0x11);
    target.device.memory.putLong(0, 0x22);
    byte[] before = passedContent();
    List<StateMemoryFile> passed = source.device.stateMemory();
    pass();
    assertThat(target.device.hasAdoptedMemory()).isTrue();
    assertRefused(Errno.EBUSY, "until this one runs", () -> target.set64(TestPciDevice.MEMORY, 0, 5));
    target.device.reset();
    assertThat(target.device.hasAdoptedMemory()).isFalse();
    assertThat(target.device.memory.getLong(0)).isZero();
    target.device.memory.putLong(0, 0x33);
    ByteArrayOutputStream after = new ByteArrayOutputStream();
    for (StateMemoryFile memory : passed) {
      after.writeBytes(content(memory.file(), memory.size()));
    }
    assertThat(after.toByteArray()).isEqualTo(before);
    source.device.moveTo(DeviceState.RUNNING);
    assertThat(source.device.memory.getLong(0)).isEqualTo(0x11);
  }

  @Test
  void newResumingReturnsToOwnMemory() throws Exception {
    source.device.memory.putLong(0, 0x11);
    pass();
    target.device.moveTo(DeviceState.RESUMING);
    assertThat(target.device.hasAdoptedMemory()).isFalse();
    assertThat(target.device.memory.getLong(0)).isZero();
  }

  @Test
  void resetOfTheSourceLeavesThePassedMemory() throws Exception {
    source.device.memory.putLong(0, 0x11);
    pass();
    target.device.moveTo(DeviceState.RUNNING);
    source.device.reset();
    assertThat(source.device.memory.getLong(0)).isZero();
    source.device.memory.putLong(0, 0x44);
    assertThat(target.device.memory.getLong(0)).isEqualTo(0x11);
    target.device.reset();
    assertThat(target.device.memory.getLong(0)).isZero();
    assertThat(source.device.memory.getLong(0)).isEqualTo(0x44);
  }

  @Test
  void resetAfterARollbackKeepsTheFile() throws Exception {
    source.device.memory.putLong(0, 0x11);
    pass();
    target.device.reset();
    source.device.moveTo(DeviceState.RUNNING);
    Fd before = source.device.stateMemory().getFirst().file();
    source.device.reset();
    assertThat(source.device.stateMemory().getFirst().file()).isSameAs(before);
    assertThat(source.device.memory.getLong(0)).isZero();
  }

  @Test
  void stateWithoutMemoryIsRefusedUnlessMemoryWasAdopted() throws Exception {
    source.device.omitStateMemory(true);
    byte[] state = source.saved();
    target.resume().write(DeviceFixture.segment(state));
    assertThatExceptionOfType(TransitionException.class)
        .isThrownBy(() -> target.device.moveTo(DeviceState.STOP))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
        .withMessageContaining("none was adopted");
    try (DeviceFixture<TestPciDevice> other = fixture(false)) {
      var session = other.resume();
      assertThatExceptionOfType(io.vfio4j.model.DeviceException.class)
          .isThrownBy(() -> session.write(DeviceFixture.segment(state)))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
          .withMessageContaining("goes by descriptor");
    }
  }

  @Test
  void stateWithMemoryIsRefusedAfterAdoption() throws Exception {
    List<StateMemoryFile> memories = source.device.stateMemory();
    byte[] state = source.saved();
    var session = target.resume();
    target.device.adoptStateMemory(files(memories));
    assertThatExceptionOfType(io.vfio4j.model.DeviceException.class)
        .isThrownBy(() -> session.write(DeviceFixture.segment(state)))
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
        .withMessageContaining("contains its memory");
  }

  @Test
  void refusesOtherFiles() throws Exception {
    List<Fd> right = files(source.device.stateMemory());
    assertRefused(Errno.EINVAL, "in RESUMING only", () -> target.device.adoptStateMemory(right));
    target.resume();
    assertRefused(Errno.EINVAL, "1 files for 2", () -> target.device.adoptStateMemory(right.subList(0, 1)));
    assertRefused(Errno.EINVAL, "which needs 8192",
        () -> target.device.adoptStateMemory(List.of(right.get(0), right.get(0))));
    try (Fd unsealed = Memfd.create("unsealed", 2 * PAGE)) {
      assertRefused(Errno.EINVAL, "not sealed",
          () -> target.device.adoptStateMemory(List.of(right.get(0), unsealed)));
      Memfd.resize(unsealed, PAGE);
      assertRefused(Errno.EINVAL, "a file of 4096 bytes",
          () -> target.device.adoptStateMemory(List.of(right.get(0), unsealed)));
    }
    try (Fd readOnly = Memfd.create("content", 2 * PAGE)) {
      Memfd.sealContent(readOnly);
      assertRefused(Errno.EPERM, "cannot be mapped",
          () -> target.device.adoptStateMemory(List.of(right.get(0), readOnly)));
    }
    assertThat(target.device.hasAdoptedMemory()).isFalse();
    target.device.adoptStateMemory(right);
    assertRefused(Errno.EINVAL, "already", () -> target.device.adoptStateMemory(right));
  }

  @Test
  void devicesWithPrivateMemoryDoNotOffer() throws Exception {
    try (DeviceFixture<TestPciDevice> other = fixture(false)) {
      assertThat(other.device.stateMemory()).isEmpty();
      assertRefused(Errno.ENOTTY, "descriptor", () -> other.device.omitStateMemory(true));
      other.resume();
      assertRefused(Errno.ENOTTY, "descriptor",
          () -> other.device.adoptStateMemory(files(source.device.stateMemory())));
    }
  }

  @Test
  void keepsFileIfMemoryIsNotGivenUp() throws Exception {
    source.device.memory.putLong(0, 0x11);
    Fd before = source.device.stateMemory().getFirst().file();
    source.device.omitStateMemory(true);
    source.saved();
    assertThat(source.device.omitsStateMemory()).isTrue();
    source.device.keepStateMemory();
    source.device.reset();
    assertThat(source.device.omitsStateMemory()).isFalse();
    assertThat(source.device.stateMemory().getFirst().file()).isSameAs(before);
    assertThat(source.device.memory.getLong(0)).isZero();
  }

  @Test
  void omissionIsForOneSession() throws Exception {
    source.device.omitStateMemory(true);
    assertThat(source.device.omitsStateMemory()).isFalse();
    source.saved();
    assertRefused(Errno.EBUSY, "being saved", () -> source.device.omitStateMemory(true));
    source.device.moveTo(DeviceState.RUNNING);
    assertThat(source.saved()).hasSizeGreaterThan(5 * PAGE);
    assertThat(source.device.omitsStateMemory()).isFalse();
  }

  @Test
  void closingWaitsUntilFormerMemoryIsFreed() throws Exception {
    MemorySegment former = source.device.memory.slice(0, PAGE);
    pass();
    target.device.moveTo(DeviceState.RUNNING);
    source.device.reset();
    source.close();
    assertThat(former.scope().isAlive()).isFalse();
  }

  @Test
  void leaksNoDescriptors() throws Exception {
    int before = openFiles();
    for (int i = 0; i < 5; i++) {
      pass();
      target.device.moveTo(DeviceState.RUNNING);
      source.device.reset();
      target.device.reset();
      target.resume();
      List<Fd> wrong = new ArrayList<>(files(source.device.stateMemory()));
      wrong.set(1, wrong.get(0));
      assertRefused(Errno.EINVAL, "bytes", () -> target.device.adoptStateMemory(wrong));
      target.device.reset();
    }
    stop();
    assertThat(openFiles()).isEqualTo(before - 4);
  }

  private static int openFiles() throws IOException {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return (int) open.filter(StateMemoryTest::isMemfd).count();
    }
  }

  private static boolean isMemfd(Path link) {
    try {
      return Files.readSymbolicLink(link).toString().startsWith("/memfd:");
    } catch (IOException e) {
      return false; // Closed meanwhile.
    }
  }
}
