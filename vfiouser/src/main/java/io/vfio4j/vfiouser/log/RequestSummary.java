// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.log;

import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.MessageField;
import io.vfio4j.vfiouser.wire.Request;
import java.lang.foreign.MemorySegment;
import java.util.stream.Collectors;

/** A request as the log shows it, such as {@code REGION_READ (offset=0x10, region=4, count=4)}. */
final class RequestSummary {

  private RequestSummary() {
  }

  static String of(Request request) {
    Command command = Command.fromWire(request.command());
    if (command == null) {
      return "command " + request.command();
    }
    MemorySegment body = request.body().asSlice(request.bodyOffset(), request.size());
    String fields = command.layout().fieldsWithin(body).stream().filter(MessageField::isLogged)
        .map(field -> field.name() + "=" + field.text(body)).collect(Collectors.joining(", "));
    return fields.isEmpty() ? command.name() : "%s (%s)".formatted(command, fields);
  }
}
