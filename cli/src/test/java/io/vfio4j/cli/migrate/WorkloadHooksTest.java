// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.HttpStub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hooks that fail or exceed their timeouts. */
@Timeout(120)
class WorkloadHooksTest {

  @TempDir
  private Path folder;
  private HttpStub ear;

  @BeforeEach
  void listen() throws IOException {
    ear = new HttpStub();
  }

  @AfterEach
  void close() throws IOException {
    ear.close();
  }

  private CommandRun migrate(String... options) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", "sim:a?memory=1m", "--to",
        "sim:b?memory=1m", "--json", "--state-dir", folder.toString()));
    arguments.addAll(List.of(options));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  /** Only the status is awaited. */
  @Test
  void ignoresMissingResponseBody() {
    CommandRun run = migrate("--workload-pause", ear.address() + "/no-body", "--workload-resume",
        ear.address() + "/no-body", "--workload-timeout", "10m", "--max-downtime", "10m");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  @Test
  void reportsRefusedConnectionToHook() throws IOException {
    String closedPort;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closedPort = "http://localhost:%d/pause".formatted(socket.getLocalPort());
    }
    CommandRun run = migrate("--workload-pause", closedPort);

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("cannot reach " + closedPort + ": connection refused")
        .doesNotContain("Exception");
  }

  @Test
  void appliesOneTimeoutToTricklingHeaders() {
    CommandRun run = migrate("--workload-pause", ear.address() + "/drip", "--workload-timeout", "50ms",
        "--max-downtime", "30s");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("/drip did not respond within 50 ms (--workload-timeout)")
        .contains("runs again at the source");
  }

  /** A pause longer than the maximum downtime would be rolled back anyway. */
  @ParameterizedTest
  @ValueSource(strings = {"sleep 600", "http"})
  void limitsPauseToMaxDowntime(String hook) {
    CommandRun run = migrate("--workload-pause", hook.equals("http") ? ear.address() + "/drip" : hook,
        "--workload-timeout", "10m", "--max-downtime", "100ms", "--no-pre-copy");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains("--workload-pause: ",
        "within 100 ms (--max-downtime)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"exit 7", "sleep 600", "http"})
  void reportsWorkloadPausedAtTarget(String hook) throws IOException {
    Path page = folder.resolve("page.html");
    CommandRun run = migrate("--workload-resume", hook.equals("http") ? ear.address() + "/drip" : hook,
        "--workload-timeout", "100ms", "--max-downtime", "30s", "--report", page.toString());

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.WORKLOAD_PAUSED);
    assertThat(run.event("report").get("workload_failure").getAsString()).startsWith("--workload-resume: ");
    assertThat(run.err()).contains("the devices run at the target, but their workload did not resume");
    assertThat(Files.readString(page)).contains(">Done, but the workload remains paused<",
        "--workload-resume: ");
    assertThat(ProcessHandle.current().descendants()).isEmpty();
  }

  @Test
  void reportsNoFailureOfResumedWorkload() {
    CommandRun run = migrate("--workload-resume", "true", "--max-downtime", "30s");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("report").get("workload_failure").isJsonNull()).isTrue();
  }

  /** The devices run again but their workload does not, which requires intervention. */
  @Test
  void needsCareWhenResumeAtSourceFails() {
    CommandRun run =
        migrate("--workload-pause", "exit 7", "--workload-resume", "exit 8", "--max-downtime", "30s");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo("SOURCE_RUNNING");
    assertThat(run.event("error").get("workload_failure").getAsString()).contains("exit code 8");
    assertThat(run.err())
        .contains("The workload did not resume and stays paused: --workload-resume: 'exit 8'");
  }

  @Test
  void reportsWorkloadPausedAfterSave() {
    Path file = folder.resolve("a.state");
    CommandRun run =
        CommandRun.vfio4j("save", "sim:a?memory=1m", "--output", file.toString(), "--workload-resume",
            "exit 7",
            "--max-downtime", "30s", "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.WORKLOAD_PAUSED);
    assertThat(run.event("saved").get("workload_failure").getAsString()).contains("exit code 7");
    assertThat(file).isNotEmptyFile();
  }
}
