// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.model.SanitizedText;
import io.vfio4j.vfiouser.recording.DecodedMessage;
import io.vfio4j.vfiouser.recording.RecordedFd;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The events of a recording as lines of text. */
final class RecordingText {

  private static final int NANOS_PER_MICRO = 1_000;

  private RecordingText() {
  }

  static String of(RecordingEvent event) {
    return switch (event) {
      case RecordingEvent.Connected connected -> "connection %d to %s, %s".formatted(connected.connection(),
          SanitizedText.of(connected.device()), Instant.ofEpochSecond(0, connected.nanos()));
      case RecordingEvent.Message message ->
        prefix(message, message.fromClient(), message.channel()) + describe(message);
      case RecordingEvent.IncompleteMessage incomplete ->
        prefix(incomplete, incomplete.fromClient(), incomplete.channel()) + incomplete.reason();
      case RecordingEvent.Disconnected disconnected ->
        "connection %d ended%s".formatted(disconnected.connection(),
            disconnected.reason().isEmpty() ? "" : ": " + SanitizedText.of(disconnected.reason()));
    };
  }

  private static String prefix(RecordingEvent event, boolean fromClient, int channel) {
    long micros = event.nanos() / NANOS_PER_MICRO;
    return String.format(Locale.ROOT, "%d %5d.%06d %s ", event.connection(), micros / 1_000_000,
        micros % 1_000_000,
        (fromClient ? ">" : "<") + (channel == 0 ? "" : " twin"));
  }

  private static String describe(RecordingEvent.Message message) {
    DecodedMessage decoded = message.decode();
    StringBuilder line = new StringBuilder(decoded.command()).append(" #").append(decoded.id());
    switch (decoded.type()) {
      case COMMAND -> line.append(decoded.noReply() ? " no reply" : "");
      case REPLY -> line.append(" reply");
      case UNKNOWN -> line.append(" of an unknown type");
    }
    decoded.error().ifPresent(errno -> line.append(" error ").append(errno));
    decoded.fields().forEach(field -> line.append(' ').append(field.name()).append('=').append(field.text()));
    decoded.text().ifPresent(text -> line.append(' ').append(text));
    if (decoded.dataSize() > 0) {
      boolean isAll = decoded.dataPrefix().length() == decoded.dataSize() * 2;
      line.append(" data=").append(decoded.dataPrefix())
          .append(isAll ? "" : "... (%d bytes)".formatted(decoded.dataSize()));
    }
    if (!message.fds().isEmpty()) {
      line.append(" fds=").append(fds(message.fds()));
    }
    return line.toString();
  }

  private static String fds(List<RecordedFd> fds) {
    return fds.stream()
        .map(fd -> fd.kind().label() + (fd.size() == 0 ? "" : " of " + Quantities.bytes(fd.size())))
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
