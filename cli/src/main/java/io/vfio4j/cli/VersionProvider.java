// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import picocli.CommandLine.IVersionProvider;

/** Returns the version of the module. */
final class VersionProvider implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {"vfio4j " + version()};
  }

  /** Returns the version as an event, with the version of Java, which bug reports need too. */
  static JsonObject json() {
    return Json.event("version").with("version", version()).with("java", Runtime.version().toString())
        .build();
  }

  private static String version() {
    var descriptor = VersionProvider.class.getModule().getDescriptor();
    return descriptor == null ? "(unversioned)" : descriptor.rawVersion().orElse("(unversioned)");
  }
}
