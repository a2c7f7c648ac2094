// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves the metrics over HTTP until the command ends. Each connection has its own virtual thread, so that a client that
 * sends or reads slowly does not delay the others.
 */
final class MetricsServer implements Watcher {

  private static final String PATH = "/metrics";
  private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";
  private static final int BACKLOG = 64;

  static {
    // Seconds for a request and for a response, and the maximum number of connections.
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    System.setProperty("sun.net.httpserver.maxRspTime", "10");
    System.setProperty("jdk.httpserver.maxConnections", "256");
  }

  private final MigrationMetrics metrics = new MigrationMetrics();
  private final HttpServer server;
  private final ExecutorService threads;

  private MetricsServer(HttpServer server) {
    this.server = server;
    this.threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("vfio4j-metrics-", 0).factory());
    server.setExecutor(threads);
    server.createContext("/", this::answer);
  }

  /** Starts a server and reports its address. */
  static MetricsServer start(InetSocketAddress address, Output output) throws IOException {
    HttpServer http;
    try {
      http = HttpServer.create(address, BACKLOG);
    } catch (IOException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "--metrics: cannot listen on %s:%d: %s; choose another port, or 0 for any"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          e);
    }
    MetricsServer server = new MetricsServer(http);
    http.start();
    String url = url(http.getAddress());
    output.info("metrics at " + url);
    output.event(Json.event("metrics").with("address", url).build());
    return server;
  }

  private static String url(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return "http://%s:%d%s".formatted(host.indexOf(':') < 0 ? host : "[" + host + "]", address.getPort(),
        PATH);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(PATH)) {
        exchange.sendResponseHeaders(404, -1);
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        exchange.sendResponseHeaders(405, -1);
      } else {
        byte[] body = metrics.text().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", TYPE);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  @Override
  public void on(MigrationEvent event) {
    metrics.on(event);
  }

  @Override
  public void onMigrated(MigrationReport report) {
    metrics.onMigrated(report);
  }

  @Override
  public void onReceived(TargetReport report) {
    metrics.onReceived(report);
  }

  @Override
  public void onSaved(SaveReport report, Path file) {
    metrics.onSaved(report);
  }

  @Override
  public void onRestored(RestoreReport report, Path file) {
    metrics.onRestored(report);
  }

  @Override
  public void onFailed(MigrationException cause, CommandException failure) {
    metrics.onFailed(cause.outcome());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
