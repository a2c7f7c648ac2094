// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandProcesses;
import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each process of a migration between hosts reports its own side. */
class WatchedHostsIT {

  @TempDir
  private Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String read(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }

  private List<JsonObject> events(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name)).stream()
        .map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
  }

  private String scrape(int port, String file) {
    return "curl -sS http://127.0.0.1:%d/metrics > %s".formatted(port, path(file));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The metrics of each side are read by a command that it starts when the device runs at the target. */
  @Test
  void reportsEachSideSeparately() throws Exception {
    String listen = "unix:" + path("move.sock");
    int portA = freePort();
    int portB = freePort();
    CommandRun send;
    try (ChildProcess receiver =
        CommandProcesses.start("receive", "--listen", listen, "sim:b?memory=2m", "--json",
            "--state-dir", path("b"), "--metrics", Integer.toString(portB), "--events", path("b.events"),
            "--report",
            path("b.html"), "--then", scrape(portB, "b.metrics"))) {
      CommandProcesses.await(receiver, CommandProcesses.event("listening"));
      send =
          CommandRun.vfio4j("send", "--connect", listen, "sim:a?memory=2m", "--json", "--max-downtime", "30s",
              "--state-dir", path("a"), "--metrics", Integer.toString(portA), "--events", path("a.events"),
              "--report", path("a.html"), "--workload-resume", scrape(portA, "a.metrics"));
      assertThat(send.exitCode()).as(send.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(receiver.await(CommandProcesses.TIMEOUT)).as("%s", receiver.stderrLines())
          .isEqualTo(ExitCodes.SUCCESS);
    }

    assertThat(read("a.metrics")).contains("vfio4j_phase{side=\"source\",phase=\"handover\"} 1\n",
        "vfio4j_journal_seconds{side=\"source\",step=\"given\"} ").doesNotContain("side=\"target\"");
    assertThat(read("b.metrics")).contains("vfio4j_phase{side=\"target\",phase=\"done\"} 1\n",
        "vfio4j_device_state{side=\"target\",device=\"sim:b\",state=\"RUNNING\"} 1\n",
        "vfio4j_journal_seconds{side=\"target\",step=\"running\"} ", "vfio4j_migrations_total 1\n",
        "vfio4j_received_bytes_total " + send.event("report").get("bytes").getAsLong())
        .doesNotContain("side=\"source\"");
    assertThat(events("a.events").getLast()).isEqualTo(send.event("report"));
    assertThat(migrations("a.events")).hasSize(1).isEqualTo(migrations("b.events"));
    assertThat(events("b.events").getLast().get("side").getAsString()).isEqualTo("target");
    assertThat(read("a.html")).contains("Downtime in detail",
        "source: phases", "record in the journal").doesNotContain("target: phases");
    assertThat(read("b.html")).contains("state", "target: phases",
        "writing the journal").doesNotContain("source: phases");
  }

  private List<String> migrations(String name) throws IOException {
    return events(name).stream().filter(CommandProcesses.event("recorded"))
        .map(event -> event.get("migration").getAsString()).distinct().toList();
  }
}
