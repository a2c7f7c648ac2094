// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;

/**
 * One thing that was to be proved.
 *
 * @param name what
 * @param passed whether it holds
 * @param detail what was seen, for people
 */
record DemoCheck(String name, boolean passed, String detail) {

  static DemoCheck passed(String name, String detail) {
    return new DemoCheck(name, true, detail);
  }

  static DemoCheck failed(String name, String detail) {
    return new DemoCheck(name, false, detail);
  }

  JsonObject json() {
    return Json.object().with("name", name).with("passed", passed).with("detail", detail).build();
  }
}
