// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.vfio4j.engine.codec.Codec;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native library is loaded from; each case has its own process, which can load it once. */
class NativeLibraryTest {

  @TempDir
  private Path folder;

  /** Creates a codec and prints the result. */
  static final class Main {

    private Main() {
    }

    /** No arguments. */
    public static void main(String[] arguments) {
      try {
        System.out.println(new ZstdCodec().algorithm());
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private static String location(Class<?> of) {
    try {
      return Path.of(of.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static String run(String... properties) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp",
            Stream.of(NativeLibraryTest.class, ZstdCodec.class, Zstd.class, Codec.class)
                .map(NativeLibraryTest::location).collect(Collectors.joining(":"))));
    command.addAll(List.of(properties));
    command.add(Main.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.strip();
  }

  @Test
  void removesUnpackedLibrary() throws Exception {
    assertThat(run("-Djava.io.tmpdir=" + folder)).isEqualTo("ZSTD");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void reportsPathAndRemedyOnLoadFailure() throws Exception {
    Path nowhere = folder.resolve("nowhere");
    assertThat(run("-DZstdNativePath=" + nowhere))
        .startsWith("cannot load the native library of zstd from %s (".formatted(nowhere))
        .endsWith("). It must be built for this machine and be on a file system not mounted noexec; "
            + "or migrate without compression");
    assertThat(run("-DZstdTempFolder=" + nowhere))
        .startsWith("cannot load the native library of zstd from a copy in %s (".formatted(nowhere))
        .endsWith("If that is mounted noexec, set another folder with -DZstdTempFolder=DIR; "
            + "or migrate without compression");
  }
}
