// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.output.FileMessages;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A workload that is paused and resumed by hooks: commands run with {@code sh -c}, or HTTP POST requests. */
final class HookWorkload implements Workload {

  private static final String TIMEOUT_OPTION = "--workload-timeout";

  private final Optional<String> pause;
  private final Optional<String> resume;
  private final Duration timeout;
  private final boolean writesMemory;

  /**
   * Creates a workload.
   *
   * @param pause a command, or a URL with http: or https:; empty for no hook
   * @param resume the same
   * @param timeout the timeout of each hook
   * @param writesMemory whether the workload itself writes to memory, without a dirty log
   */
  HookWorkload(Optional<String> pause, Optional<String> resume, Duration timeout, boolean writesMemory) {
    this.pause = pause;
    this.resume = resume;
    this.timeout = timeout;
    this.writesMemory = writesMemory;
  }

  @Override
  public boolean hasUnloggedWrites() {
    return writesMemory;
  }

  @Override
  public void pause() throws IOException {
    pause(timeout);
  }

  /** A pause that takes longer than the maximum downtime would only be rolled back. */
  @Override
  public void pause(Duration limit) throws IOException {
    if (pause.isPresent()) {
      boolean isShort = limit.compareTo(timeout) < 0;
      execute(new HookCall("--workload-pause", pause.get(), Side.SOURCE, isShort ? limit : timeout,
          isShort ? "--max-downtime" : TIMEOUT_OPTION));
    }
  }

  @Override
  public void resume(Side side) throws IOException {
    if (resume.isPresent()) {
      execute(new HookCall("--workload-resume", resume.get(), side, timeout, TIMEOUT_OPTION));
    }
  }

  /** A call of a hook, with its timeout. */
  private record HookCall(String option, String target, Side side, Duration limit, String limitName) {

    IOException timeoutException(String problem) {
      return new IOException(
          "%s: %s within %s (%s)".formatted(option, problem, Quantities.time(limit), limitName));
    }
  }

  private static void execute(HookCall hook) throws IOException {
    try {
      if (isUrl(hook.target())) {
        post(hook);
      } else {
        run(hook);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException(hook.option() + ": cancelled");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  static boolean isUrl(String hook) {
    return hook.startsWith("http://") || hook.startsWith("https://");
  }

  private static void run(HookCall hook) throws IOException, InterruptedException {
    // Its output goes to standard error, since standard output is for the results of this command.
    try (ShellCommand shell =
        ShellCommand.startHook(hook.target(), Map.of("VFIO4J_SIDE", hook.side().toString()))) {
      if (!shell.await(hook.limit())) {
        throw hook.timeoutException("'%s' did not end".formatted(hook.target()));
      }
      if (shell.exitCode() != 0) {
        throw new IOException("%s: '%s' ended with exit code %d".formatted(hook.option(), hook.target(),
            shell.exitCode()));
      }
    }
  }

  /** Returns the reason of a failure; the JDK's client has no message for a refused connection. */
  private static String reason(Throwable cause) {
    return cause instanceof ConnectException && cause.getMessage() == null ? "connection refused"
        : FileMessages.message(cause);
  }

  /** Sends a request. Only the status counts, no body is awaited, and the timeout covers the whole exchange. */
  private static void post(HookCall hook) throws IOException, InterruptedException {
    HttpRequest request = request(hook);
    HttpClient client = HttpClient.newHttpClient();
    try {
      CompletableFuture<HttpResponse<Void>> response =
          client.sendAsync(request, _ -> new DiscardingSubscriber());
      int status = response.get(hook.limit().toNanos(), TimeUnit.NANOSECONDS).statusCode();
      if (status / 100 != 2) {
        throw new IOException(
            "%s: %s returned status %d".formatted(hook.option(), hook.target(), status));
      }
    } catch (TimeoutException e) {
      IOException timeout = hook.timeoutException("%s did not respond".formatted(hook.target()));
      timeout.initCause(e);
      throw timeout;
    } catch (ExecutionException e) {
      throw new IOException("%s: cannot reach %s: %s".formatted(hook.option(), hook.target(),
          reason(Objects.requireNonNullElse(e.getCause(), e))), e);
    } finally {
      client.shutdownNow(); // Ends the exchange without waiting.
    }
  }

  private static HttpRequest request(HookCall hook) throws IOException {
    String event = hook.option().substring("--workload-".length());
    try {
      return HttpRequest.newBuilder(URI.create(hook.target())).header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(
              Json.event(event).with("side", hook.side().toString()).build().toString()))
          .build();
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s: %s".formatted(hook.option(), hook.target(), e.getMessage()), e);
    }
  }

  /** Completes a response when its headers have arrived, and drops the connection. */
  private static final class DiscardingSubscriber implements HttpResponse.BodySubscriber<Void> {

    @Override
    public CompletionStage<Void> getBody() {
      return CompletableFuture.completedStage(null);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.cancel();
    }

    @Override
    public void onNext(List<ByteBuffer> item) {
      // Ignored.
    }

    @Override
    public void onError(Throwable throwable) {
      // The status is known already.
    }

    @Override
    public void onComplete() {
      // No body.
    }
  }
}
