// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.file.DamagedFileException;
import io.vfio4j.engine.file.SavedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads files that earlier versions have saved. They are kept in {@code saved/VERSION}, by stream version.
 *
 * <p>
 * For a new stream version, files are created by
 *
 * <pre>
 * mvn -Dquick -pl cli -am test -Dtest=SavedFilesTest -Dsurefire.failIfNoSpecifiedTests=false -Dvfio4j.saved=DIR
 * </pre>
 *
 * added to the others, and listed in {@link #VERSIONS}. Existing files are never changed.
 */
class SavedFilesTest {

  private static final List<String> VERSIONS = List.of("1.2", "1.3", "1.4");

  /** A step without a common factor with the sizes of records, so that every kind of field is hit. */
  private static final int STRIDE = 97;

  @TempDir
  private Path folder;

  static Stream<Arguments> storedFile() {
    return VERSIONS.stream().flatMap(version -> Arrays.stream(SavedSample.values())
        .map(sample -> Arguments.of(version, sample)));
  }

  private Path storedFile(String version, SavedSample sample) throws IOException {
    String name = "saved/%s/%s".formatted(version, sample.fileName());
    try (InputStream in = Objects.requireNonNull(SavedFilesTest.class.getResourceAsStream(name), name)) {
      Path file = folder.resolve(sample.fileName());
      Files.copy(in, file);
      return file;
    }
  }

  @ParameterizedTest
  @MethodSource("storedFile")
  void restoresFileOfEarlierVersion(String version, SavedSample sample) throws Exception {
    Path file = storedFile(version, sample);
    SavedState state = SavedFile.check(file, Codecs.NONE).state();
    assertThat(state.version()).hasToString(version);
    checkState(sample, state);
    checkRestores(sample, file);
  }

  @ParameterizedTest
  @MethodSource("storedFile")
  void rejectsDamagedOrTruncatedFile(String version, SavedSample sample) throws Exception {
    Path file = storedFile(version, sample);
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at += STRIDE) {
      byte[] damaged = good.clone();
      damaged[at] ^= (byte) (1 << at % Byte.SIZE);
      assertDamaged(Files.write(file, damaged), "a bit of byte %d is wrong".formatted(at));
      assertDamaged(Files.write(file, Arrays.copyOf(good, at)), "cut at byte %d".formatted(at));
    }
    List<ServedTestDevice> targets = sample.serve(folder, "b");
    try {
      CommandRun restored = sample.with("restore", file, targets, folder);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.FAILURE);
      assertThat(restored.err()).contains("damaged");
    } finally {
      targets.forEach(ServedTestDevice::close);
    }
  }

  private static void assertDamaged(Path file, String how) {
    assertThatThrownBy(() -> SavedFile.check(file, Codecs.NONE)).as(how)
        .isInstanceOf(DamagedFileException.class);
  }

  @ParameterizedTest
  @EnumSource
  void restoresFileOfThisVersion(SavedSample sample) throws Exception {
    Path into = Path.of(System.getProperty("vfio4j.saved", folder.toString()));
    Path file = Files.createDirectories(into).resolve(sample.fileName());
    List<ServedTestDevice> sources = sample.serve(folder, "a");
    try {
      SavedSample.fill(sources);
      CommandRun saved = sample.save(sources, folder, file);
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
    } finally {
      sources.forEach(ServedTestDevice::close);
    }
    checkState(sample, SavedFile.check(file, Codecs.NONE).state());
    checkRestores(sample, file);
  }

  @Test
  void inspectsContentsAndCompatibility() throws Exception {
    Path file = storedFile("1.2", SavedSample.TWO_AND_MEMORY);
    CommandRun alone = CommandRun.vfio4j("inspect", file.toString());
    assertThat(alone.exitCode()).as(alone.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(alone.out()).contains("intact", "stream version 1.2", "stopped, with this state", "1234:5634",
        "memory       ram: 16.0 KiB at 0x100000000").doesNotContain("would");
    List<ServedTestDevice> targets = SavedSample.TWO_AND_MEMORY.serve(folder, "b");
    try {
      String address = targets.getFirst().address();
      CommandRun one = CommandRun.vfio4j("inspect", file.toString(), address);
      assertThat(one.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(one.out()).contains("refused: the source has 2 devices", "A migration would be refused");
      CommandRun withoutMemory =
          CommandRun.vfio4j("inspect", file.toString(), "--json", address, targets.get(1).address());
      assertThat(withoutMemory.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(withoutMemory.event("comparison").get("refusals").toString()).contains("region ram");
      CommandRun good = SavedSample.TWO_AND_MEMORY.with("inspect", file, targets, folder);
      assertThat(good.event("saved-state").get("fits").getAsBoolean()).isTrue();
      assertThat(good.event("saved-state").get("memory").getAsJsonArray()).hasSize(1);
    } finally {
      targets.forEach(ServedTestDevice::close);
    }
  }

  @Test
  void inspectsDamagedFile() throws Exception {
    Path file = storedFile("1.2", SavedSample.DEVICE);
    byte[] good = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(good, good.length / 2));
    CommandRun run = CommandRun.vfio4j("inspect", "--json", file.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("is damaged before byte", "it ends there");
    assertThat(
        CommandRun.vfio4j("inspect", file.toString(), "--region", "ram=%s@0".formatted(file)).exitCode())
        .as("memory alone").isEqualTo(ExitCodes.USAGE);
  }

  private static void checkState(SavedSample sample, SavedState state) {
    assertThat(state.devices()).hasSize(sample.devices());
    assertThat(state.source())
        .isEqualTo(sample.isStopped() ? SavedState.Source.STOPPED : SavedState.Source.RUNNING);
  }

  private void checkRestores(SavedSample sample, Path file) throws IOException {
    List<ServedTestDevice> targets = sample.serve(folder, "b");
    try {
      CommandRun inspected = sample.with("inspect", file, targets, folder);
      assertThat(inspected.exitCode()).as(inspected.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(inspected.event("saved-state").get("fits").getAsBoolean()).isTrue();
      CommandRun restored = sample.with("restore", file, targets, folder);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);
      sample.assertRestored(targets, folder);
    } finally {
      targets.forEach(ServedTestDevice::close);
    }
  }
}
