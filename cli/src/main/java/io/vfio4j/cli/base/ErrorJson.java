// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonObject;

/** The event {@code error}. */
public record ErrorJson(int exitCode, String message, Throwable cause) {

  /** Returns the event for the failure of a command. */
  public static JsonObject of(Throwable failure) {
    return new ErrorJson(ErrorMessages.exitCode(failure), ErrorMessages.describe(failure), failure).build();
  }

  JsonObject build() {
    JsonObject json = Json.event("error").with("exit_code", exitCode).with("message", message).build();
    if (cause instanceof CommandException failure) {
      failure.details().entrySet().forEach(detail -> json.add(detail.getKey(), detail.getValue()));
    }
    return json;
  }
}
