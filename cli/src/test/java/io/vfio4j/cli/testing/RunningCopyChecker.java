// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.recording.DecodedMessage;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import io.vfio4j.vfiouser.recording.RecordingEventReader;
import io.vfio4j.vfiouser.recording.RecordingException;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Determines from the recording of a server when its device ran with the migrated state: from the arrival of the request that
 * started it to the reply to the one that stopped it, which overestimates rather than underestimates.
 */
public final class RunningCopyChecker {

  private static final int KEPT = 8192;

  /**
   * A time span in which a device ran with the state.
   *
   * @param from the start as {@link System#nanoTime}
   * @param to the end
   */
  public record Span(long from, long to) {

    boolean overlaps(Span other, long slack) {
      return from < other.to - slack && other.from < to - slack;
    }
  }

  private RunningCopyChecker() {
  }

  /**
   * Reads a recording.
   *
   * @param hasState whether its device initially runs with the state
   */
  public static List<Span> of(RecordingServer server, boolean hasState) throws IOException {
    Copy copy = new Copy(hasState);
    long begun = server.startNanos();
    long last = Long.MIN_VALUE;
    try (RecordingReader reader = new RecordingReader(Files.newInputStream(server.file()))) {
      RecordingEventReader messages = new RecordingEventReader(reader, KEPT);
      for (RecordingEvent event = messages.next(); event != null; event = messages.next()) {
        last = event instanceof RecordingEvent.Connected ? last : event.nanos() + begun;
        copy.take(event, last);
      }
    } catch (RecordingException e) {
      assertThat(server.isExact()).as("only a killed server leaves a partial record").isFalse();
    }
    copy.stopped(server.isAlive() ? Long.MAX_VALUE / 2 : last);
    return List.copyOf(copy.spans);
  }

  /**
   * Checks that no two devices ever ran with the state at the same time.
   *
   * @param source the device that had the state initially
   */
  public static void assertNeverBothRunning(RecordingServer source, RecordingServer target)
      throws IOException {
    List<Span> here = of(source, true);
    assertThat(here).as("the recording shows the device running").isNotEmpty();
    assertThat(
        both(here, of(target, false), source.isExact() && target.isExact() ? 0 : RecordingServer.SLACK))
        .as("both ran").isEmpty();
  }

  /** Returns a time in which two devices both ran with the state, if any. */
  static Optional<String> both(List<Span> one, List<Span> other, long slack) {
    for (Span here : one) {
      for (Span there : other) {
        if (here.overlaps(there, slack)) {
          return Optional.of("the one ran in %s, the other in %s".formatted(here, there));
        }
      }
    }
    return Optional.empty();
  }

  /** The copy of the state in a device, over time. */
  private static final class Copy {

    private final List<Span> spans = new ArrayList<>();
    private final Map<Integer, Request> requests = new LinkedHashMap<>();
    private boolean hasState;
    private boolean keepsState;
    private boolean keepsStopped;
    private DeviceState state = DeviceState.RUNNING;
    private @Nullable Long runsSince;

    /** A request without its reply. */
    private record Request(DecodedMessage command, long at) {
    }

    Copy(boolean hasState) {
      this.hasState = hasState;
      this.runsSince = hasState ? Long.MIN_VALUE / 2 : null;
    }

    void take(RecordingEvent event, long at) {
      switch (event) {
        case RecordingEvent.Connected _ -> begin();
        case RecordingEvent.Message message -> take(message, at);
        case RecordingEvent.IncompleteMessage _ -> {
          // Not a complete message, so not executed.
        }
        case RecordingEvent.Disconnected _ -> end(at);
      }
    }

    private void begin() {
      requests.clear();
      keepsState = false;
      keepsStopped = false;
    }

    /** Handles a message; commands of the server and their replies have separate message IDs. */
    private void take(RecordingEvent.Message message, long at) {
      DecodedMessage decoded = message.decode();
      boolean isCommand = decoded.type() == DecodedMessage.Type.COMMAND;
      if (isCommand && message.fromClient()) {
        requests.put(decoded.id(), new Request(decoded, at));
      } else if (!isCommand && !message.fromClient()) {
        Request request = requests.remove(decoded.id());
        if (request != null && request.command.command().equals(decoded.command())) {
          answered(request, decoded, at);
        }
      }
    }

    private void answered(Request request, DecodedMessage reply, long at) {
      boolean works = reply.error().isEmpty();
      switch (reply.command()) {
        case "VERSION" -> {
          String granted = reply.text().orElse("").replace(" ", "");
          keepsState = granted.contains("\"keep_state\":true");
          keepsStopped = granted.contains("\"keep_stopped\":true");
        }
        case "DEVICE_RESET" -> {
          if (works) {
            wasReset(at);
          }
        }
        case "MIG_DATA_WRITE" -> hasState |= works;
        case "DEVICE_FEATURE" -> {
          if (works) {
            feature(request, reply, at);
          }
        }
        default -> {
          // Does not change the state.
        }
      }
    }

    private void feature(Request request, DecodedMessage reply, long at) {
      String flags = field(reply, "flags");
      if (flags.startsWith("MIG_DEVICE_STATE|") && !flags.contains("probe")) {
        DeviceState now = DeviceState.valueOf(field(reply, "state"));
        if (now.isRunning()) {
          runs(now, request.at);
        } else {
          state = now;
          stopped(at);
        }
      }
    }

    private static String field(DecodedMessage message, String name) {
      return message.fields().stream().filter(field -> field.name().equals(name)).findFirst()
          .map(DecodedMessage.Field::text).orElse("");
    }

    private void runs(DeviceState now, long from) {
      state = now;
      if (hasState && runsSince == null) {
        runsSince = from;
      }
    }

    void stopped(long at) {
      if (runsSince != null) {
        spans.add(new Span(runsSince, at));
        runsSince = null;
      }
    }

    private void wasReset(long at) {
      stopped(at);
      hasState = false;
      state = DeviceState.RUNNING;
    }

    /** Applies what happens to a device when its client disconnects (docs/architecture.md). */
    private void end(long at) {
      boolean stays = (keepsStopped && state != DeviceState.RESUMING && state != DeviceState.ERROR)
          || (keepsState && state == DeviceState.RUNNING);
      if (!stays) {
        wasReset(at);
      } else if (state.isRunning()) {
        state = DeviceState.RUNNING;
      } else {
        state = DeviceState.STOP;
      }
    }
  }
}
