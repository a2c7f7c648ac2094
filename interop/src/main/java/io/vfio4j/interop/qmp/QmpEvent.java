// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import com.google.gson.JsonObject;

/**
 * An event of QEMU's monitor.
 *
 * @param name its name, such as MIGRATION
 * @param data its data; empty if it has none
 */
public record QmpEvent(String name, JsonObject data) {

  static QmpEvent of(JsonObject message) {
    return new QmpEvent(message.get("event").getAsString(),
        message.has("data") ? message.getAsJsonObject("data") : new JsonObject());
  }

  /** Returns whether it reports a state of a migration. */
  boolean isMigration() {
    return name.equals("MIGRATION");
  }

  /** Returns the state of a migration that it reports. */
  String status() {
    return data.get("status").getAsString();
  }
}
