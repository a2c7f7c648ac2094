// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A workload that something else pauses and resumes: a command, by {@code sh -c}, or a server that is sent an HTTP POST.
 */
final class HookedWorkload implements Workload {

  private final Optional<String> pause;
  private final Optional<String> resume;
  private final Duration timeout;
  private final boolean writes;

  /**
   * Makes one.
   *
   * @param pause a command, or an address that begins with http: or https:; nothing is done where there is none
   * @param resume the same
   * @param timeout how long each may take
   * @param writes whether it writes to memory itself, which nobody logs
   */
  HookedWorkload(Optional<String> pause, Optional<String> resume, Duration timeout, boolean writes) {
    this.pause = pause;
    this.resume = resume;
    this.timeout = timeout;
    this.writes = writes;
  }

  @Override
  public boolean writesUnlogged() {
    return writes;
  }

  @Override
  public void pause() throws IOException {
    if (pause.isPresent()) {
      call("--workload-pause", pause.get(), Side.SOURCE);
    }
  }

  @Override
  public void resume(Side side) throws IOException {
    if (resume.isPresent()) {
      call("--workload-resume", resume.get(), side);
    }
  }

  private void call(String option, String hook, Side side) throws IOException {
    try {
      if (isUrl(hook)) {
        post(option, hook, side);
      } else {
        run(option, hook, side);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException(option + ": cancelled");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  static boolean isUrl(String hook) {
    return hook.startsWith("http://") || hook.startsWith("https://");
  }

  private void run(String option, String command, Side side) throws IOException, InterruptedException {
    // Its output is for people: standard output belongs to what this command says.
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", command)
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.redirectOutput(ProcessBuilder.Redirect.to(new File("/dev/stderr")));
    builder.environment().put("VFIO4J_SIDE", side.toString());
    Process process = builder.start();
    try {
      if (!process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IOException("%s: '%s' did not end within %s".formatted(option, command,
            Quantities.time(timeout)));
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw new IOException("%s: '%s' ended with exit code %d".formatted(option, command,
          process.exitValue()));
    }
  }

  private void post(String option, String url, Side side) throws IOException, InterruptedException {
    String what = option.substring("--workload-".length());
    HttpRequest request;
    try {
      request = HttpRequest.newBuilder(URI.create(url)).timeout(timeout)
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(
              Json.event(what).with("side", side.toString()).build().toString()))
          .build();
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s: %s".formatted(option, url, e.getMessage()), e);
    }
    int status;
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(timeout).build()) {
      status = client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException e) {
      throw new IOException("%s: %s cannot be reached: %s".formatted(option, url, e), e);
    }
    if (status / 100 != 2) {
      throw new IOException("%s: %s answered with status %d".formatted(option, url, status));
    }
  }
}
