// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every option that names an output file follows the same rules. */
class OutputOptionsTest {

  private static final String MIGRATE =
      "migrate --from sim:a?memory=1m --to sim:b?memory=1m --state-dir FOLDER ";
  private static final String CONFORM = "conform sim:a?memory=1m --only initial ";

  @TempDir
  private Path folder;

  private CommandRun run(String command, Path file) {
    return CommandRun.vfio4j(Arrays.stream(command.split(" "))
        .map(word -> word.equals("FILE") ? file.toString() : word.equals("FOLDER") ? folder.toString() : word)
        .toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {MIGRATE + "--report FILE", MIGRATE + "--events FILE", CONFORM + "--html FILE",
      CONFORM + "--junit-xml FILE", "simulate --memory 1g --bandwidth 1g --svg FILE",
      "save sim:a?memory=1m --output FILE"})
  void followsLinksAndReplacesFiles(String command) throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/file"));
    Path file = Files.writeString(elsewhere.resolve("file"), "old");
    Path same = Files.createLink(folder.resolve("same"), file);

    CommandRun run = run(command, link);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(link).isSymbolicLink();
    assertThat(file).isNotEmptyFile();
    assertThat(same).as("the existing file").hasContent("old");
    try (Stream<Path> left = Files.list(elsewhere)) {
      assertThat(left).containsExactly(file);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {MIGRATE + "--report FILE", MIGRATE + "--events FILE", CONFORM + "--html FILE",
      CONFORM + "--junit-xml FILE", "simulate --memory 1g --bandwidth 1g --svg FILE",
      "serve scratch --socket FOLDER/a.sock --record FILE"})
  void rejectsSocketBeforeStart(String command) throws IOException {
    Path socket = folder.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      CommandRun run = run(command, socket);
      assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.USAGE);
      assertThat(run.err()).contains("--", socket + " is a socket");
      assertThat(run.out()).isEmpty();
    }
    assertThat(Files.exists(socket)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {CONFORM + "--html FILE", CONFORM + "--junit-xml FILE"})
  void printsResultDespiteFullDisk(String command) {
    CommandRun run = run(command, Path.of("/dev/full"));

    assertThat(run.exitCode()).isEqualTo(ExitCodes.OUTPUT_FAILED);
    assertThat(run.out()).contains("passed");
    assertThat(run.err()).contains("/dev/full could not be written: ");
  }
}
