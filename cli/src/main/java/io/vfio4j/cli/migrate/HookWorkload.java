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

/**
 * A workload that something else pauses and resumes: a command, by {@code sh -c}, or a server that is sent an HTTP POST.
 */
final class HookWorkload implements Workload {

  private static final String TIMEOUT_OPTION = "the limit of --workload-timeout";

  private final Optional<String> pause;
  private final Optional<String> resume;
  private final Duration timeout;
  private final boolean writesMemory;

  /**
   * Makes one.
   *
   * @param pause a command, or an address that begins with http: or https:; nothing is done where there is none
   * @param resume the same
   * @param timeout how long each may take
   * @param writes whether it writes to memory itself, which nobody logs
   */
  HookWorkload(Optional<String> pause, Optional<String> resume, Duration timeout, boolean writes) {
    this.pause = pause;
    this.resume = resume;
    this.timeout = timeout;
    this.writesMemory = writes;
  }

  @Override
  public boolean hasUnloggedWrites() {
    return writesMemory;
  }

  @Override
  public void pause() throws IOException {
    pause(timeout);
  }

  /** A pause that outlasts the downtime would be in vain: what comes after it undoes the switchover. */
  @Override
  public void pause(Duration limit) throws IOException {
    if (pause.isPresent()) {
      boolean isShort = limit.compareTo(timeout) < 0;
      execute(new HookCall("--workload-pause", pause.get(), Side.SOURCE, isShort ? limit : timeout,
          isShort ? "the limit of the downtime (--max-downtime)" : TIMEOUT_OPTION));
    }
  }

  @Override
  public void resume(Side side) throws IOException {
    if (resume.isPresent()) {
      execute(new HookCall("--workload-resume", resume.get(), side, timeout, TIMEOUT_OPTION));
    }
  }

  /** One call of a hook, and the time for all of it. */
  private record HookCall(String option, String target, Side side, Duration limit, String limitName) {

    IOException timeoutException(String what) {
      return new IOException(
          "%s: %s within %s, %s".formatted(option, what, Quantities.time(limit), limitName));
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
    // Its output is for people: standard output belongs to what this command says.
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

  /** The JDK's client says of a refused connection nothing but its kind. */
  private static String reason(Throwable cause) {
    return cause instanceof ConnectException && cause.getMessage() == null ? "connection refused"
        : FileMessages.message(cause);
  }

  /** The status is the answer: no body is waited for, and the limit is one of the whole exchange. */
  private static void post(HookCall hook) throws IOException, InterruptedException {
    HttpRequest request = request(hook);
    HttpClient client = HttpClient.newHttpClient();
    try {
      CompletableFuture<HttpResponse<Void>> response =
          client.sendAsync(request, _ -> new DiscardingSubscriber());
      int status = response.get(hook.limit().toNanos(), TimeUnit.NANOSECONDS).statusCode();
      if (status / 100 != 2) {
        throw new IOException(
            "%s: %s answered with status %d".formatted(hook.option(), hook.target(), status));
      }
    } catch (TimeoutException e) {
      IOException late = hook.timeoutException("%s did not answer".formatted(hook.target()));
      late.initCause(e);
      throw late;
    } catch (ExecutionException e) {
      throw new IOException("%s: %s cannot be reached: %s".formatted(hook.option(), hook.target(),
          reason(Objects.requireNonNullElse(e.getCause(), e))), e);
    } finally {
      client.shutdownNow(); // Ends the exchange, and does not wait for anything.
    }
  }

  private static HttpRequest request(HookCall hook) throws IOException {
    String what = hook.option().substring("--workload-".length());
    try {
      return HttpRequest.newBuilder(URI.create(hook.target())).header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(
              Json.event(what).with("side", hook.side().toString()).build().toString()))
          .build();
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s: %s".formatted(hook.option(), hook.target(), e.getMessage()), e);
    }
  }

  /** Is done with an answer as soon as its headers are there, and gives up the connection. */
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
      // Nobody wants it.
    }

    @Override
    public void onError(Throwable throwable) {
      // The status has been taken already.
    }

    @Override
    public void onComplete() {
      // There was no body.
    }
  }
}
