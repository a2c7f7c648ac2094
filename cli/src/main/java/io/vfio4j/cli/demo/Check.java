// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.Json;

/**
 * One thing that was to be proved.
 *
 * @param name what
 * @param passed whether it holds
 * @param detail what was seen, for people
 */
record Check(String name, boolean passed, String detail) {

  static Check passed(String name, String detail) {
    return new Check(name, true, detail);
  }

  static Check failed(String name, String detail) {
    return new Check(name, false, detail);
  }

  JsonObject json() {
    return Json.object().with("name", name).with("passed", passed).with("detail", detail).build();
  }
}
