// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Saves states to files and restores them: a device gets exactly what was saved, or nothing. */
class SaveAndRestoreTest {

  private static final byte[] OLD = "the old one".getBytes(StandardCharsets.UTF_8);

  private static final int ENDS = 200;
  private static final int DRAWN = 400;

  @TempDir
  private Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void checkSame(FileTrial trial, List<SimulatedDevice> targets, MemoryRegions memory) {
    assertThat(trial.targetWatch.violations()).isEmpty();
    for (int i = 0; i < targets.size(); i++) {
      assertThat(targets.get(i).machineState()).isEqualTo(DeviceState.RUNNING);
      assertThat(targets.get(i).stateFingerprint()).isEqualTo(trial.sources.get(i).stateFingerprint());
    }
    if (!memory.isEmpty()) {
      assertThat(memory.get(0).memory().mismatch(trial.sourceMemory.get(0).memory())).isEqualTo(-1);
    }
  }

  @Test
  void restoresStateWhileSourceRuns() {
    Seeds.forEach(20, random -> {
      int devices = 1 + random.nextInt(3);
      int pages = random.nextBoolean() ? 0 : 1 + random.nextInt(60);
      try (FileTrial trial = new FileTrial(folder.resolve("state"), devices, pages)) {
        SaveReport report = trial.save();
        trial.checkSourceRuns();
        assertThat(trial.workload).containsExactly("pause", "resume source");
        assertThat(report.fileBytes()).isEqualTo(Files.size(trial.file));
        SavedState state = SavedFile.check(trial.file, Codecs.NONE).state();
        assertThat(state.source()).isEqualTo(SavedState.Source.RUNNING);
        assertThat(state.downtime()).isEqualTo(report.downtime());
        assertThat(state.devices()).extracting(SavedState.SavedDevice::bytes)
            .isEqualTo(report.devices().stream().map(SaveReport.DeviceReport::bytes).toList());
        List<SimulatedDevice> targets = trial.targets();
        MemoryRegions memory = trial.memory();
        assertThat(trial.restore(targets, memory).state()).isEqualTo(state);
        checkSame(trial, targets, memory);
        assertThat(names()).containsExactly("state");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(trial.file)))
            .isEqualTo("rw-------");
      }
    });
  }

  @Test
  void leavesSourceStoppedOnRequest() throws Exception {
    try (FileTrial trial = new FileTrial(folder.resolve("state"), 2, 40)) {
      trial.stop = true;
      SaveReport report = trial.save();
      assertThat(trial.sources).allMatch(device -> device.machineState() == DeviceState.STOP);
      assertThat(trial.workload).containsExactly("pause");
      assertThat(report.rounds()).isEmpty();
      assertThat(report.memory().orElseThrow().pages()).isEqualTo(40);
      List<SimulatedDevice> targets = trial.targets();
      MemoryRegions memory = trial.memory();
      RestoreReport restored = trial.restore(targets, memory);
      assertThat(restored.state().source()).isEqualTo(SavedState.Source.STOPPED);
      checkSame(trial, targets, memory);
      for (int i = 0; i < 2; i++) {
        assertThat(targets.get(i).content()).isEqualTo(trial.sources.get(i).content());
      }
    }
  }

  /** A listener that fails after the file has been published does not undo that. */
  @Test
  void ignoresListenerFailureAfterPublish() throws Exception {
    for (boolean stop : new boolean[] {false, true}) {
      try (FileTrial trial = new FileTrial(folder.resolve("state"), 1, 0)) {
        trial.stop = stop;
        trial.listener = event -> {
          if (event instanceof MigrationEvent.PhaseStart began && began.phase() instanceof Phase.Done) {
            throw new IllegalStateException("the listener is full");
          }
        };
        assertThat(trial.save().notes()).containsExactly("the listener failed: the listener is full");
        assertThat(trial.workload).hasSize(stop ? 1 : 2);
        assertThat(SavedFile.check(trial.file, Codecs.NONE).state().source())
            .isEqualTo(stop ? SavedState.Source.STOPPED : SavedState.Source.RUNNING);
      }
    }
  }

  /** A disk that is full after a number of bytes. */
  private static final class FullDisk implements WritableByteChannel {
    private final WritableByteChannel channel;
    private final long[] room;

    FullDisk(WritableByteChannel channel, long[] room) {
      this.channel = channel;
      this.room = room;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      if (from.remaining() > room[0]) {
        channel.write(from.slice(from.position(), (int) room[0]));
        throw new IOException("No space left on device");
      }
      room[0] -= from.remaining();
      return channel.write(from);
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  @Test
  void keepsOldFileAndSourceWhenDiskFillsUp() throws Exception {
    Path file = folder.resolve("state");
    for (boolean stop : new boolean[] {false, true}) {
      int length = (int) lengthOf(file, stop);
      for (int room : offsetsToTest(length)) {
        Files.write(file, OLD);
        long[] left = {room};
        try (FileTrial trial = new FileTrial(file, 1, 1, 2)) {
          trial.stop = stop;
          trial.through = channel -> new FullDisk(channel, left);
          MigrationException e = catchThrowableOfType(MigrationException.class, trial::save);
          assertThat(e).as("room for %d bytes", room).isNotNull();
          assertThat(e).hasMessageContaining("No space left on device")
              .hasMessageContaining("There is no new file");
          assertThat(e.outcome().sourceRuns()).isTrue();
          trial.checkSourceRuns();
          assertThat(trial.workload.stream().filter(word -> word.equals("pause")).count())
              .isEqualTo(trial.workload.stream().filter(word -> word.startsWith("resume")).count());
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(OLD);
        assertThat(names()).containsExactly("state");
      }
    }
  }

  /** Every offset with {@code -Dvfio4j.faults=all}; otherwise those near both ends and some random ones. */
  private static int[] offsetsToTest(int length) {
    return "all".equals(System.getProperty("vfio4j.faults"))
        ? IntStream.range(0, length).toArray()
        : IntStream.concat(new SplittableRandom().ints(DRAWN, ENDS, length - ENDS),
            IntStream.concat(IntStream.range(0, ENDS), IntStream.range(length - ENDS, length))).toArray();
  }

  private static long lengthOf(Path file, boolean stop) throws Exception {
    try (FileTrial trial = new FileTrial(file, 1, 1, 2)) {
      trial.stop = stop;
      return trial.save().fileBytes();
    }
  }

  @Test
  void rejectsDamagedFileBeforeTouchingDevices() throws Exception {
    Path file = folder.resolve("state");
    try (FileTrial trial = new FileTrial(file, 1, 1, 2)) {
      trial.save();
      byte[] good = Files.readAllBytes(file);
      MemoryRegions memory = trial.memory();
      List<SimulatedDevice> targets = trial.targets();
      for (int at : offsetsToTest(good.length)) {
        byte[] damaged = good.clone();
        damaged[at] ^= (byte) (1 << at % Byte.SIZE);
        checkRefused("byte %d damaged".formatted(at), trial, damaged, targets, memory);
        checkRefused("cut at %d".formatted(at), trial, Arrays.copyOf(good, at), targets, memory);
      }
      checkRefused("one byte more", trial, Arrays.copyOf(good, good.length + 1), targets, memory);
      Files.write(file, good);
      trial.restore(targets, memory);
      checkSame(trial, targets, memory);
    }
  }

  private static void checkRefused(String what, FileTrial trial, byte[] content,
      List<SimulatedDevice> targets, MemoryRegions memory) throws IOException {
    Files.write(trial.file, content);
    RestoreException e =
        catchThrowableOfType(RestoreException.class, () -> trial.restore(targets, memory));
    assertThat(e).as(what).isNotNull();
    assertThat(e.result()).as(what).isEqualTo(RestoreException.Result.UNTOUCHED);
    assertThat(e).as(what).hasCauseInstanceOf(DamagedFileException.class);
    FileTrial.checkUntouched(targets);
    assertThat(memory.get(0).memory().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
  }

  @Test
  void rejectsMismatchBeforeTouchingDevices() throws Exception {
    try (FileTrial trial = new FileTrial(folder.resolve("state"), 1, 2);
        FileTrial two = new FileTrial(folder.resolve("other"), 2, 2)) {
      trial.save();
      List<SimulatedDevice> targets = trial.targets();
      checkRefused(catchThrowableOfType(RestoreException.class,
          () -> trial.restore(targets, MemoryRegions.NONE)), "the memory differs", targets);
      List<SimulatedDevice> more = two.targets();
      checkRefused(catchThrowableOfType(RestoreException.class, () -> trial.restore(more, trial.memory())),
          "the source has 1 devices, the target 2", more);
    }
  }

  @Test
  void restoresIntoStoppedDeviceOnlyWhenDiscarding() throws Exception {
    try (FileTrial trial = new FileTrial(folder.resolve("state"), 1, 0)) {
      trial.save();
      for (DeviceState left : List.of(DeviceState.STOP, DeviceState.RESUMING, DeviceState.STOP_COPY)) {
        SimulatedDevice target = trial.targets().getFirst();
        target.moveTo(left);
        RestoreException e = catchThrowableOfType(RestoreException.class,
            () -> trial.restore(List.of(target), MemoryRegions.NONE));
        assertThat(e).hasMessageContaining("is in " + left);
        assertThat(target.machineState()).isEqualTo(left);
        assertThat(target.resetCount()).isZero();
        byte[] good = Files.readAllBytes(trial.file);
        Files.write(trial.file, Arrays.copyOf(good, good.length - 1));
        assertThat(catchThrowableOfType(RestoreException.class,
            () -> trial.restoring(List.of(target), MemoryRegions.NONE).withResettable(_ -> true).run()))
            .hasCauseInstanceOf(DamagedFileException.class);
        assertThat(target.machineState()).isEqualTo(left);
        assertThat(target.resetCount()).isZero();
        Files.write(trial.file, good);
        trial.restoring(List.of(target), MemoryRegions.NONE).withResettable(_ -> true).run();
        assertThat(target.machineState()).isEqualTo(DeviceState.RUNNING);
        assertThat(target.stateFingerprint()).isEqualTo(trial.sources.getFirst().stateFingerprint());
      }
    }
  }

  private static void checkRefused(RestoreException e, String message, List<SimulatedDevice> targets) {
    assertThat(e).isNotNull();
    assertThat(e).hasMessageContaining(message);
    assertThat(e.result()).isEqualTo(RestoreException.Result.UNTOUCHED);
    FileTrial.checkUntouched(targets);
  }

  @Test
  void touchesNothingForImpossiblePath() throws Exception {
    for (Path impossible : List.of(Path.of("/dev/full"), folder, folder.resolve("no/such/folder"))) {
      try (FileTrial trial = new FileTrial(impossible, 1, 0)) {
        MigrationException e = catchThrowableOfType(MigrationException.class, trial::save);
        assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
        assertThat(trial.sources.getFirst().operations()).isEmpty();
        trial.checkSourceRuns();
      }
    }
    assertThat(names()).isEmpty();
  }

  @Test
  void removesStalePartialFiles() throws Exception {
    Path state = folder.resolve("state");
    try (FileTrial trial = new FileTrial(state, 1, 0)) {
      trial.save();
      byte[] stream = Files.readAllBytes(state);
      for (String left : List.of(".state.0badcafe.part", ".of yesterday.state.0badcafe.part")) {
        Files.write(folder.resolve(left), Arrays.copyOf(stream, stream.length / 2));
      }
      Files.write(folder.resolve(".state.00000000.part"), new byte[0]);
      List<String> others = List.of(".other.0badcafe.part", ".state.more.0badcafe.part", ".state.part");
      for (String other : others) {
        Files.write(folder.resolve(other), OLD);
      }
      Files.createDirectory(folder.resolve(".state.deadbeef.part"));
      Files.createSymbolicLink(folder.resolve(".state.cafebabe.part"), state);
      trial.save();
      assertThat(names()).contains("state", ".state.deadbeef.part", ".state.cafebabe.part")
          .containsAll(others)
          .hasSize(3 + others.size());
    }
  }

  @Test
  void keepsPartialFileOfConcurrentSave() throws Exception {
    Path state = folder.resolve("state");
    try (FileTrial one = new FileTrial(state, 1, 0); FileTrial other = new FileTrial(state, 1, 0)) {
      one.listener = event -> {
        if (event instanceof MigrationEvent.PhaseStart began && began.phase() instanceof Phase.Finishing) {
          assertThatNoException().isThrownBy(other::save);
        }
      };
      one.save();
      assertThat(names()).containsExactly("state");
    }
  }

  @Test
  void leavesNoPartialFileOnInterrupt() throws Exception {
    Path file = folder.resolve("state");
    Files.write(file, OLD);
    for (String title : List.of("pre-copy", "quiescing", "stop-copy", "finishing")) {
      try (FileTrial trial = new FileTrial(file, 2, 30)) {
        trial.listener = event -> {
          if (event instanceof MigrationEvent.PhaseStart began && began.phase().title().equals(title)) {
            Thread.currentThread().interrupt();
          }
        };
        MigrationException e = catchThrowableOfType(MigrationException.class, trial::save);
        assertThat(Thread.interrupted()).as("the interrupt flag stays set").isTrue();
        assertThat(e).as(title).isNotNull();
        assertThat(e.outcome().sourceRuns()).as(title).isTrue();
        trial.checkSourceRuns();
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(OLD);
      assertThat(names()).containsExactly("state");
    }
  }
}
