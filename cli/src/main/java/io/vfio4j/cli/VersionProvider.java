// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import picocli.CommandLine.IVersionProvider;

/** The version is the module's. */
final class VersionProvider implements IVersionProvider {

  @Override
  public String[] getVersion() {
    return new String[] {"vfio4j " + version()};
  }

  /** Returns the version as an event, with that of the JVM, which reports of errors need too. */
  static JsonObject json() {
    return Json.event("version").with("version", version()).with("java", Runtime.version().toString())
        .build();
  }

  private static String version() {
    var descriptor = VersionProvider.class.getModule().getDescriptor();
    return descriptor == null ? "(unversioned)" : descriptor.rawVersion().orElse("(unversioned)");
  }
}
