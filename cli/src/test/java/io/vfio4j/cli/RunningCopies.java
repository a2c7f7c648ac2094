// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.DecodedMessage;
import io.vfio4j.vfiouser.SessionEvent;
import io.vfio4j.vfiouser.SessionMessages;
import io.vfio4j.vfiouser.recording.RecordingReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads from the recordings of servers when each device ran with the state that was moved: from the arrival of the request
 * that let it run to the reply to the one that stopped it, so rather too long than too short. By this nobody's word counts
 * but what the servers heard and said.
 */
final class RunningCopies {

  private static final int KEPT = 8192;

  /**
   * A time in which a device ran with the state.
   *
   * @param from nanoseconds on the clock of {@link System#nanoTime} or of the recording
   * @param to the same
   */
  record Span(long from, long to) {

    boolean overlaps(Span other) {
      return from < other.to && other.from < to;
    }
  }

  private final Map<String, Copy> copies = new LinkedHashMap<>();
  private final Map<Integer, Copy> sessions = new LinkedHashMap<>();

  private RunningCopies() {
  }

  /**
   * Reads a recording.
   *
   * @param sources the names of the devices that have the state at the beginning, and run
   */
  static RunningCopies in(Path recording, List<String> sources) throws IOException {
    RunningCopies running = new RunningCopies();
    sources.forEach(name -> running.copies.put(name, new Copy(true)));
    try (RecordingReader reader = new RecordingReader(Files.newInputStream(recording))) {
      SessionMessages messages = new SessionMessages(reader, KEPT);
      long last = 0;
      for (SessionEvent event = messages.next(); event != null; event = messages.next()) {
        running.take(event);
        last = event instanceof SessionEvent.Begun ? last : event.nanos();
      }
      for (Copy copy : running.copies.values()) {
        copy.stopped(last);
      }
    }
    return running;
  }

  private void take(SessionEvent event) {
    switch (event) {
      case SessionEvent.Begun begun -> {
        Copy copy = copies.computeIfAbsent(begun.device(), _ -> new Copy(false));
        copy.begin();
        sessions.put(begun.session(), copy);
      }
      case SessionEvent.Message message -> copy(message).take(message);
      case SessionEvent.Remains _ -> {
        // No whole message, so no request that was executed.
      }
      case SessionEvent.Ended ended -> copy(ended).end(ended.nanos());
    }
  }

  private Copy copy(SessionEvent event) {
    Copy copy = sessions.get(event.session());
    if (copy == null) {
      throw new AssertionError("session %d has no beginning".formatted(event.session()));
    }
    return copy;
  }

  /** Returns when a device ran with the state. */
  List<Span> of(String device) {
    Copy copy = copies.get(device);
    return copy == null ? List.of() : List.copyOf(copy.spans);
  }

  /** Returns a time in which two devices both ran with it, if there is one. */
  Optional<String> both(String one, String other) {
    for (Span here : of(one)) {
      for (Span there : of(other)) {
        if (here.overlaps(there)) {
          return Optional.of("%s ran in %s, and %s in %s".formatted(one, here, other, there));
        }
      }
    }
    return Optional.empty();
  }

  /** What there is of the state in one device. */
  private static final class Copy {

    private final List<Span> spans = new ArrayList<>();
    private final Map<Integer, Request> requests = new LinkedHashMap<>();
    private boolean hasState;
    private boolean keepsState;
    private boolean keepsStopped;
    private DeviceState state = DeviceState.RUNNING;
    private @Nullable Long runsSince;

    /** A command without its reply. */
    private record Request(DecodedMessage command, long at) {
    }

    Copy(boolean hasState) {
      this.hasState = hasState;
      this.runsSince = hasState ? Long.MIN_VALUE : null;
    }

    void begin() {
      requests.clear();
      keepsState = false;
      keepsStopped = false;
    }

    /** The server's own commands, and the replies to them, have numbers of their own. */
    void take(SessionEvent.Message message) {
      DecodedMessage decoded = message.decode();
      boolean isCommand = decoded.type() == DecodedMessage.Type.COMMAND;
      if (isCommand && message.fromClient()) {
        requests.put(decoded.id(), new Request(decoded, message.nanos()));
      } else if (!isCommand && !message.fromClient()) {
        Request request = requests.remove(decoded.id());
        if (request != null && request.command.command().equals(decoded.command())) {
          answered(request, decoded, message.nanos());
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
          // Moves nothing.
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

    /** As docs/architecture.md has it: what becomes of a device whose client has gone. */
    void end(long at) {
      boolean stays = keepsStopped && state != DeviceState.RESUMING && state != DeviceState.ERROR
          || keepsState && state == DeviceState.RUNNING;
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
