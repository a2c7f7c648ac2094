// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;

/**
 * The result of one check.
 *
 * @param name what was checked
 * @param passed whether the check passed
 * @param detail the observation, as a line of text
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
