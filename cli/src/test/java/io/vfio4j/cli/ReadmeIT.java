// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.migration.LocalMigration;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands and the program of the README work. */
class ReadmeIT {

  private static final Path THIS = Path.of("src", "test", "java", "io", "vfio4j", "cli", "ReadmeIT.java");
  private static final String MARK = "\f";
  private static final Duration PATIENCE = Duration.ofSeconds(100);

  @TempDir
  private Path folder;

  /** Runs the commands in the order of the README; those that wait for others stay in the background. */
  @Test
  void runsCommandsOfReadme() throws Exception {
    List<String> commands = commands();
    assertThat(commands).hasSizeGreaterThanOrEqualTo(7).first().isEqualTo("demo");
    List<ChildProcess> waiting = new ArrayList<>();
    try {
      for (String command : commands) {
        boolean goesOn = command.endsWith("&") || command.startsWith("receive");
        ChildProcess process = start(command.replace("&", "").strip());
        waiting.add(process);
        if (goesOn) {
          assertThat(process.readLine(PATIENCE)).as(command + process.stderrLines()).contains("listening");
        } else {
          assertThat(process.await(PATIENCE)).as("%s: %s", command, process.stderrLines()).isZero();
        }
      }
    } finally {
      waiting.forEach(ChildProcess::close);
    }
  }

  private static ChildProcess start(String command) throws IOException {
    return ChildProcess.start(List.of(command.split(" +")), line -> {
    });
  }

  private static DocumentationPage readme() throws IOException {
    return DocumentationPage.read("README.md");
  }

  private List<String> commands() throws IOException {
    int port = freePort();
    return readme().commands("./vfio4j ", folder).stream()
        .map(command -> command.replace("7100", Integer.toString(port))).toList();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void matchesProgramInReadme() throws IOException {
    String source = Files.readString(THIS).replace("    // begin\n", MARK).replace("    // end\n", MARK);
    String ours = source.split(MARK, -1)[1].lines().map(line -> line.substring(4))
        .collect(Collectors.joining("\n", "", "\n"));
    assertThat(ours).isEqualTo(readme().program());
  }

  /** Contains the README's program, so that it is compiled. */
  static void program() throws Exception {
    // begin
    try (var from = VfioUserClient.connect(Path.of("/tmp/a.sock"), ClientOptions.DEFAULT);
        var to = VfioUserClient.connect(Path.of("/tmp/b.sock"), ClientOptions.DEFAULT)) {
      MigrationReport report = LocalMigration.run(from, to, MigrationOptions.defaults(), Workload.NONE,
          event -> System.out.println(event));
      System.out.println("downtime " + report.downtime().toMillis() + " ms");
    }
    // end
  }
}
