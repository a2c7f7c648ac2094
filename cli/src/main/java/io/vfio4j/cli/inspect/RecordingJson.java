// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.vfiouser.recording.DecodedMessage;
import io.vfio4j.vfiouser.recording.RecordedFd;
import io.vfio4j.vfiouser.recording.RecordingEvent;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** The events of a recording as JSON. */
final class RecordingJson {

  private RecordingJson() {
  }

  static JsonObject of(RecordingEvent event) {
    return switch (event) {
      case RecordingEvent.Connected connected ->
        Json.event("connected").with("connection", connected.connection()).with("device", connected.device())
            .with("time", Instant.ofEpochSecond(0, connected.nanos()).toString()).build();
      case RecordingEvent.Message message -> message(message);
      case RecordingEvent.IncompleteMessage incomplete ->
        transmitted("incomplete", incomplete, incomplete.fromClient(), incomplete.channel())
            .with("reason", incomplete.reason()).build();
      case RecordingEvent.Disconnected disconnected ->
        Json.event("disconnected").with("connection", disconnected.connection())
            .with("at_ms", Duration.ofNanos(disconnected.nanos())).with("reason", disconnected.reason())
            .build();
    };
  }

  private static Json transmitted(String name, RecordingEvent event, boolean fromClient, int channel) {
    return Json.event(name).with("connection", event.connection())
        .with("at_ms", Duration.ofNanos(event.nanos()))
        .with("from", fromClient ? "client" : "server").with("twin", channel != 0);
  }

  private static JsonObject message(RecordingEvent.Message message) {
    DecodedMessage decoded = message.decode();
    Json json = transmitted("message", message, message.fromClient(), message.channel())
        .with("command", decoded.command()).with("id", decoded.id())
        .with("type", decoded.type().name().toLowerCase(Locale.ROOT)).with("no_reply", decoded.noReply())
        .with("message_bytes", message.size());
    decoded.error().ifPresent(errno -> json.with("errno", errno.number()).with("error", errno.name()));
    json.with("fields", fields(decoded));
    decoded.text().ifPresent(text -> json.with("text", text));
    return json.with("data_bytes", decoded.dataSize()).with("data", decoded.dataPrefix())
        .with("fds", message.fds(), RecordingJson::fd).build();
  }

  private static JsonObject fields(DecodedMessage decoded) {
    JsonObject fields = new JsonObject();
    for (DecodedMessage.Field field : decoded.fields()) {
      if (field.isNumber()) {
        fields.addProperty(field.name(), new BigInteger(field.text()));
      } else {
        fields.addProperty(field.name(), field.text());
      }
    }
    return fields;
  }

  private static JsonObject fd(RecordedFd fd) {
    return Json.object().with("number", fd.number()).with("kind", fd.kind().label()).with("bytes", fd.size())
        .build();
  }
}
