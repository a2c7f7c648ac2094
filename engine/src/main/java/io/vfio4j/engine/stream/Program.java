// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

/** This program. */
public final class Program {

  /** Its name and the version of its module, as in {@code vfio4j 1.0.0}. */
  public static final String NAME = "vfio4j " + version();

  private Program() {
  }

  private static String version() {
    var descriptor = Program.class.getModule().getDescriptor();
    return descriptor == null ? "(unversioned)" : descriptor.rawVersion().orElse("(unversioned)");
  }
}
