// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import picocli.CommandLine.IVersionProvider;

/** The version is the module's. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    var descriptor = Version.class.getModule().getDescriptor();
    String version = descriptor == null ? "(unversioned)" : descriptor.rawVersion().orElse("(unversioned)");
    return new String[] {"vfio4j " + version};
  }
}
