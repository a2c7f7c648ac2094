// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
 * Files that earlier versions of this program saved are read by this one. They are kept in {@code saved/VERSION}, by the
 * version of the stream.
 *
 * <p>
 * When the stream gets a new version, its files are made by
 *
 * <pre>
 * mvn -Dquick -pl cli -am test -Dtest=SavedFilesTest -Dsurefire.failIfNoSpecifiedTests=false -Dvfio4j.saved=DIR
 * </pre>
 *
 * and put beside the others, and the version is added to {@link #VERSIONS}. Those that are there stay as they are.
 */
class SavedFilesTest {

  private static final List<String> VERSIONS = List.of("1.2", "1.3", "1.4");

  /** Any that has no common factor with what is in a file: so all kinds of fields are met. */
  private static final int STRIDE = 97;

  @TempDir
  private Path folder;

  static Stream<Arguments> kept() {
    return VERSIONS.stream().flatMap(version -> Arrays.stream(SavedSample.values())
        .map(sample -> Arguments.of(version, sample)));
  }

  private Path kept(String version, SavedSample sample) throws IOException {
    String name = "saved/%s/%s".formatted(version, sample.fileName());
    try (InputStream in = Objects.requireNonNull(SavedFilesTest.class.getResourceAsStream(name), name)) {
      Path file = folder.resolve(sample.fileName());
      Files.copy(in, file);
      return file;
    }
  }

  @ParameterizedTest
  @MethodSource("kept")
  void aFileOfAnEarlierVersionIsRestored(String version, SavedSample sample) throws Exception {
    Path file = kept(version, sample);
    SavedState state = SavedFile.check(file, Codecs.NONE).state();
    assertThat(state.version()).hasToString(version);
    checkState(sample, state);
    checkRestores(sample, file);
  }

  @ParameterizedTest
  @MethodSource("kept")
  void oneThatIsDamagedOrCutIsRefused(String version, SavedSample sample) throws Exception {
    Path file = kept(version, sample);
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at += STRIDE) {
      byte[] damaged = good.clone();
      damaged[at] ^= (byte) (1 << at % Byte.SIZE);
      assertDamaged(Files.write(file, damaged), "a bit of byte %d is wrong".formatted(at));
      assertDamaged(Files.write(file, Arrays.copyOf(good, at)), "cut at byte %d".formatted(at));
    }
    List<Served> targets = sample.serve(folder, "b");
    try {
      Run restored = sample.with("restore", file, targets, folder);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(restored.err()).contains("damaged");
    } finally {
      targets.forEach(Served::close);
    }
  }

  private static void assertDamaged(Path file, String how) {
    assertThatThrownBy(() -> SavedFile.check(file, Codecs.NONE)).as(how)
        .isInstanceOf(DamagedFileException.class);
  }

  @ParameterizedTest
  @EnumSource
  void aFileOfThisVersionIsRestored(SavedSample sample) throws Exception {
    Path into = Path.of(System.getProperty("vfio4j.saved", folder.toString()));
    Path file = Files.createDirectories(into).resolve(sample.fileName());
    List<Served> sources = sample.serve(folder, "a");
    try {
      SavedSample.fill(sources);
      Run saved = sample.save(sources, folder, file);
      assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.DONE);
    } finally {
      sources.forEach(Served::close);
    }
    checkState(sample, SavedFile.check(file, Codecs.NONE).state());
    checkRestores(sample, file);
  }

  @Test
  void inspectTellsWhatIsInItAndWhetherItFits() throws Exception {
    Path file = kept("1.2", SavedSample.TWO_AND_MEMORY);
    Run alone = Run.vfio4j("inspect", file.toString());
    assertThat(alone.exitCode()).as(alone.err()).isEqualTo(ExitCodes.DONE);
    assertThat(alone.out()).contains("intact", "stream version 1.2", "was stopped", "1234:5634",
        "memory       ram: 16.0 KiB at 0x100000000").doesNotContain("would");
    List<Served> targets = SavedSample.TWO_AND_MEMORY.serve(folder, "b");
    try {
      String address = targets.getFirst().address();
      Run one = Run.vfio4j("inspect", file.toString(), address);
      assertThat(one.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(one.out()).contains("refused: the source moves 2 devices", "It would not go");
      Run withoutMemory = Run.vfio4j("inspect", file.toString(), "--json", address, targets.get(1).address());
      assertThat(withoutMemory.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
      assertThat(withoutMemory.event("comparison").get("refusals").toString()).contains("region ram");
      Run good = SavedSample.TWO_AND_MEMORY.with("inspect", file, targets, folder);
      assertThat(good.event("saved-state").get("fits").getAsBoolean()).isTrue();
      assertThat(good.event("saved-state").get("memory").getAsJsonArray()).hasSize(1);
    } finally {
      targets.forEach(Served::close);
    }
  }

  @Test
  void inspectSaysWhereAFileIsDamaged() throws Exception {
    Path file = kept("1.2", SavedSample.DEVICE);
    byte[] good = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(good, good.length / 2));
    Run run = Run.vfio4j("inspect", "--json", file.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.NOT_DONE);
    assertThat(run.err()).contains("is damaged before byte", "it ends there");
    assertThat(Run.vfio4j("inspect", file.toString(), "--region", "ram=%s@0".formatted(file)).exitCode())
        .as("memory alone").isEqualTo(ExitCodes.USAGE);
  }

  private static void checkState(SavedSample sample, SavedState state) {
    assertThat(state.devices()).hasSize(sample.devices());
    assertThat(state.source())
        .isEqualTo(sample.isStopped() ? SavedState.Source.STOPPED : SavedState.Source.RUNNING);
  }

  private void checkRestores(SavedSample sample, Path file) throws IOException {
    List<Served> targets = sample.serve(folder, "b");
    try {
      Run inspected = sample.with("inspect", file, targets, folder);
      assertThat(inspected.exitCode()).as(inspected.err()).isEqualTo(ExitCodes.DONE);
      assertThat(inspected.event("saved-state").get("fits").getAsBoolean()).isTrue();
      Run restored = sample.with("restore", file, targets, folder);
      assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.DONE);
      sample.assertRestored(targets, folder);
    } finally {
      targets.forEach(Served::close);
    }
  }
}
