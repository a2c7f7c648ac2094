// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.conformance.report.Markup;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The options --events, --metrics and --report, with migrations between devices in the process. */
class WatchTest {

  private static final int FAILURE = 1;
  private static final int USAGE = 2;
  private static final int PIPE_SIZE = 64 << 10; // The default of Linux, pipe(7).

  @TempDir
  private Path folder;

  private static CommandRun migrate(String to, String... options) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", "sim:a?memory=2m", "--to",
        to, "--max-downtime", "30s", "--json"));
    arguments.addAll(List.of(options));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  private static CommandRun migrate(List<String> options) {
    return migrate("sim:b?memory=2m", options.toArray(String[]::new));
  }

  private static List<JsonObject> lines(Path file) throws IOException {
    return Files.readAllLines(file).stream().map(line -> JsonParser.parseString(line).getAsJsonObject())
        .toList();
  }

  /** The file has the events of --json, except those of the command itself. */
  @Test
  void writesSameEventsAsJson() throws IOException {
    Path file = folder.resolve("events");
    CommandRun run = migrate(List.of("--events", file.toString()));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(lines(file)).isEqualTo(run.events().stream()
        .filter(event -> !List.of("kept", "holding").contains(event.get("event").getAsString())).toList());
    assertThat(lines(file)).extracting(event -> event.get("event").getAsString())
        .contains("phase", "moving", "moved", "round").endsWith("report");
  }

  @Test
  void writesFailureAsLastEventAndReport() throws IOException {
    Path events = folder.resolve("events");
    Path page = folder.resolve("page.html");
    CommandRun run =
        migrate("sim:b?memory=2m&fault=arc=RESUMING>STOP,errno=EINVAL", "--events", events.toString(),
            "--report", page.toString());

    assertThat(run.exitCode()).isEqualTo(FAILURE);
    assertThat(lines(events).getLast()).isEqualTo(run.event("error"));
    assertThat(Files.readString(page)).contains("Migration of sim:a</h1>", ">Failed<", "SOURCE_RUNNING",
        "RESUMING to STOP failed: EINVAL", ">aborting</td>");
  }

  /** The engine refuses before it touches a device; the page shows the refusal. */
  @Test
  void writesReportOfRefusal() throws IOException {
    Path page = folder.resolve("page.html");
    CommandRun run = migrate("sim:b?memory=2m&features=none", "--report", page.toString());

    assertThat(run.exitCode()).isEqualTo(FAILURE);
    assertThat(Files.readString(page)).contains(">Failed<", "offers no migration", "sim:b?memory=2m");
  }

  @ParameterizedTest
  @ValueSource(strings = {"migrate --from vfio-user:FOLDER/none --to sim:b",
      "receive --listen unix:FOLDER/r sim:b "
          + "--timeout 10ms",
      "send --connect unix:FOLDER/none sim:a"})
  void writesReportOfMigrationNeverStarted(String command) throws IOException {
    Path page = folder.resolve("page.html");
    Path events = folder.resolve("events");
    CommandRun run =
        CommandRun.vfio4j((command.replace("FOLDER", folder.toString()) + " --json --state-dir " + folder
            + " --report " + page + " --events " + events).split(" ", -1));

    assertThat(run.exitCode()).isEqualTo(FAILURE);
    assertThat(lines(events)).containsExactly(run.event("error"));
    assertThat(Files.readString(page)).contains(">Failed<", "nothing</b>", "was migrated",
        Markup.escape(run.event("error").get("message").getAsString()), "--report")
        .doesNotContain("Timeline", "Transitions").endsWith("</html>\n");
  }

  @Test
  void writesNoReportOnUsageError() throws IOException {
    Path page = folder.resolve("page.html");
    Path memory = Files.write(folder.resolve("memory"), new byte[4096]);
    CommandRun run =
        migrate(List.of("--report", page.toString(), "--region", "a=" + memory + "@0", "--region",
            "b=" + memory + "@0"));

    assertThat(run.exitCode()).isEqualTo(USAGE);
    assertThat(page).doesNotExist();
  }

  /** The total on the page is that of the report, including the time before the first event. */
  @Test
  void reportsOneTotal() throws IOException {
    Path page = folder.resolve("page.html");
    JsonObject report = migrate(List.of("--report", page.toString())).event("report");

    String total = Quantities.time(Duration.ofNanos(Math.round(report.get("total_ms").getAsDouble() * 1e6)));
    String text = Files.readString(page);
    assertThat(text).containsPattern("<dt>Duration</dt>\\s*<dd>" + Pattern.quote(total) + "</dd>");
    assertThat(text).contains(total + "</");
  }

  @Test
  void writesSelfContainedReport() throws IOException {
    Path page = folder.resolve("page.html");
    Files.writeString(page, "an older report");
    CommandRun run = migrate(List.of("--report", page.toString()));

    assertThat(run.exitCode()).as(run.err()).isZero();
    String text = Files.readString(page);
    assertThat(text).startsWith("<!doctype html>").endsWith("</html>\n").contains("Downtime in detail",
        "pause of the workload", "record in the journal", "handover and start", "PRE_COPY", "--max-downtime",
        "30s", "sim:b?memory=2m")
        .doesNotContain("src=", "href=", "url(", "<script");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(page);
    }
  }

  @Test
  void reportsSaveAndRestore() throws IOException {
    Path state = folder.resolve("a.state");
    Path events = folder.resolve("events");
    Path page = folder.resolve("page.html");
    CommandRun saved =
        CommandRun.vfio4j("save", "sim:a?memory=2m", "--output", state.toString(), "--max-downtime", "30s",
            "--json", "--events", events.toString(), "--report", page.toString());
    assertThat(saved.exitCode()).as(saved.err()).isZero();
    assertThat(lines(events)).isEqualTo(saved.events()).last().isEqualTo(saved.event("saved"));
    assertThat(Files.readString(page)).contains("Saving of sim:a</h1>", ">finishing</td>",
        "Downtime in detail", "start of the devices", "The devices keep running. File: " + state);

    CommandRun restored =
        CommandRun.vfio4j("restore", state.toString(), "sim:b?memory=2m", "--json", "--events",
            events.toString(), "--report", page.toString());
    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(lines(events)).last().isEqualTo(restored.event("restored"));
    assertThat(Files.readString(page)).contains("Restoring of sim:b</h1>", "state of",
        "was left running");
  }

  @Test
  void reportsFailedSaveAndRestore() throws IOException {
    Path state = folder.resolve("a.state");
    Path events = folder.resolve("events");
    Path page = folder.resolve("page.html");
    CommandRun saved =
        CommandRun.vfio4j("save", "sim:a?memory=2m&fault=arc=STOP>STOP_COPY,errno=EIO", "--output",
            state.toString(), "--no-pre-copy", "--json", "--events", events.toString(), "--report",
            page.toString());
    assertThat(saved.exitCode()).isEqualTo(FAILURE);
    assertThat(lines(events)).last().isEqualTo(saved.event("error"));
    assertThat(Files.readString(page)).contains("Saving of sim:a</h1>", ">Failed<",
        "The file: There is no new file " + state);

    Files.writeString(state, "VFIO4JMS, but no more than that");
    CommandRun restored =
        CommandRun.vfio4j("restore", state.toString(), "sim:b?memory=2m", "--json", "--events",
            events.toString(), "--report", page.toString());
    assertThat(restored.exitCode()).isEqualTo(FAILURE);
    assertThat(lines(events)).last().isEqualTo(restored.event("error"));
    assertThat(Files.readString(page)).contains("Restoring</h1>", ">Failed<", "UNTOUCHED", "damaged");
  }

  @Test
  void servesMetricsOfSave() throws IOException {
    int port = freePort();
    Path seen = folder.resolve("seen");
    CommandRun run =
        CommandRun.vfio4j("save", "sim:a?memory=2m", "--output", folder.resolve("a.state").toString(),
            "--max-downtime", "30s", "--json", "--metrics", Integer.toString(port), "--workload-resume",
            "curl -sS http://127.0.0.1:%d/metrics > %s".formatted(port, seen));
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Files.readString(seen)).contains("vfio4j_phase{side=\"source\",phase=\"resuming\"} 1\n",
        "vfio4j_device_state{side=\"source\",device=\"sim:a\",state=\"RUNNING\"} 1\n");
  }

  @Test
  void warnsOfUnwritableReport() throws IOException {
    Path removed = Files.createDirectory(folder.resolve("removed"));
    CommandRun run = migrate(List.of("--report", removed.resolve("page.html").toString(), "--workload-pause",
        "rmdir " + removed));

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).contains("--report: cannot write " + removed.resolve("page.html"));
  }

  @Test
  void continuesMigrationWhenEventsDiskIsFull() {
    CommandRun run = migrate(List.of("--events", "/dev/full"));

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).containsOnlyOnce("--events: events are no longer written to /dev/full");
  }

  /** The downtime does not depend on a full pipe whose reader is stuck. */
  @Test
  void continuesDespiteStalledEventReader() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    try (RandomAccessFile reader = new RandomAccessFile(pipe.toFile(), "rw")) {
      reader.write(new byte[PIPE_SIZE]);
      CommandRun run = migrate(List.of("--events", pipe.toString()));
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.err()).contains("--events: events are no longer written to " + pipe);
    }
  }

  /** The hook that resumes the workload reads the metrics while the migration is still running. */
  @Test
  void servesMetricsUntilCommandEnds() throws IOException {
    int port = freePort();
    Path during = folder.resolve("during");
    Path after = folder.resolve("after");
    String scrape = "curl -sS http://127.0.0.1:%d/metrics > %s";
    CommandRun run = migrate(List.of("--metrics", Integer.toString(port), "--workload-resume",
        scrape.formatted(port, during), "--then", scrape.formatted(port, after)));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.event("metrics").get("address").getAsString())
        .isEqualTo("http://127.0.0.1:%d/metrics".formatted(port));
    assertThat(Files.readString(during)).contains("vfio4j_phase{side=\"source\",phase=\"handover\"} 1\n",
        "vfio4j_device_state{side=\"source\",device=\"sim:a\",state=\"STOP_COPY\"} 1\n",
        "vfio4j_device_state{side=\"target\",device=\"sim:b\",state=\"RUNNING\"} 1\n",
        "vfio4j_migrations_total 0\n").doesNotContain("vfio4j_downtime_seconds");
    assertThat(Files.readString(after)).contains("vfio4j_phase{side=\"source\",phase=\"done\"} 1\n",
        "vfio4j_downtime_part_seconds{part=\"recording\"} ",
        "vfio4j_journal_seconds{side=\"target\",step=\"committed\"} ", "vfio4j_migrations_total 1\n",
        "vfio4j_failures_total{outcome=\"unknown\"} 0\n")
        .contains(
            "vfio4j_copied_bytes_total{kind=\"device\"} " + run.event("report").get("bytes").getAsLong());
    assertThat(isFree(port)).isTrue();
  }

  /** Clients that send their requests slowly are served eventually and do not delay others. */
  @Test
  void answersScrapeDespiteTricklingClients() throws IOException, InterruptedException {
    StringWriter out = new StringWriter();
    Output output = new Output(new PrintWriter(out), new PrintWriter(out), true, false);
    try (MetricsServer _ = MetricsServer.start(new MetricsAddressConverter().convert("0"), output);
        HttpClient client = HttpClient.newHttpClient()) {
      URI metrics =
          URI.create(JsonParser.parseString(out.toString()).getAsJsonObject().get("address").getAsString());
      List<Socket> slow = new ArrayList<>();
      try {
        for (int i = 0; i < 20; i++) {
          Socket socket = new Socket(metrics.getHost(), metrics.getPort());
          slow.add(socket);
          socket.getOutputStream().write("GET /metrics HT".getBytes(StandardCharsets.US_ASCII));
        }
        HttpResponse<String> response = client.send(HttpRequest.newBuilder(metrics).build(),
            HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        // The slow clients stay connected and can complete their requests.
        Socket last = slow.getLast();
        last.getOutputStream().write("TP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        byte[] status = last.getInputStream().readNBytes("HTTP/1.1 200".length());
        assertThat(new String(status, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 200");
      } finally {
        for (Socket socket : slow) {
          socket.close();
        }
      }
    }
  }

  @Test
  void answersOnlyGetMetrics() throws IOException, InterruptedException {
    StringWriter out = new StringWriter();
    Output output = new Output(new PrintWriter(out), new PrintWriter(out), true, false);
    try (MetricsServer _ = MetricsServer.start(new MetricsAddressConverter().convert("0"), output);
        HttpClient client = HttpClient.newHttpClient()) {
      URI metrics =
          URI.create(JsonParser.parseString(out.toString()).getAsJsonObject().get("address").getAsString());
      HttpResponse<String> response = client.send(HttpRequest.newBuilder(metrics).build(),
          HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("content-type"))
          .hasValue("text/plain; version=0.0.4; charset=utf-8");
      assertThat(response.body()).startsWith("# HELP vfio4j_phase ").endsWith("\n");
      assertThat(client.send(HttpRequest.newBuilder(metrics).DELETE().build(),
          HttpResponse.BodyHandlers.discarding()).statusCode()).isEqualTo(405);
      assertThat(client.send(HttpRequest.newBuilder(metrics.resolve("/other")).build(),
          HttpResponse.BodyHandlers.discarding()).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void reportsTakenPortBeforeStart() throws IOException {
    try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CommandRun run = migrate(List.of("--metrics", Integer.toString(used.getLocalPort())));
      assertThat(run.exitCode()).isEqualTo(FAILURE);
      assertThat(run.err()).contains("--metrics: ", "cannot listen on ", ":" + used.getLocalPort() + ": ");
      assertThat(run.events()).extracting(event -> event.get("event").getAsString()).containsExactly("error");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:0", "[::]:0", "192.0.2.1:9400"})
  void refusesPublicAddressByDefault(String address) {
    CommandRun run = migrate(List.of("--metrics", address));
    assertThat(run.exitCode()).isEqualTo(USAGE);
    assertThat(run.err()).contains("other hosts can reach", "--metrics-allow-remote");
  }

  @Test
  void acceptsPublicAddressOnRequest() {
    CommandRun run = migrate(List.of("--metrics", "0.0.0.0:0", "--metrics-allow-remote"));
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-1", "65536", "a:b", "::1:80", ":80", "[]:80"})
  void rejectsInvalidAddress(String address) {
    CommandRun run = migrate(List.of("--metrics", address));
    assertThat(run.exitCode()).isEqualTo(USAGE);
    assertThat(run.err()).contains("is not an address; expected PORT or HOST:PORT");
  }

  @Test
  void rejectsFilesInMissingFolder() {
    assertThat(migrate(List.of("--events", folder.resolve("no/file").toString())).exitCode())
        .isEqualTo(USAGE);
    assertThat(migrate(List.of("--report", folder.toString())).exitCode()).isEqualTo(USAGE);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
