// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.OnDemandModules;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.spi.ToolProvider;

/** Keys of this machine, for commands at both ends; made as the command makes them, once there is a package. */
public final class HostKeys {

  private static final String A_DAY = "86400";

  private HostKeys() {
  }

  /** Makes some, and returns what {@code --keys} takes. */
  public static String in(Path folder) throws CommandException {
    return of(folder.resolve("keys"), "localhost");
  }

  /** Makes some for a host, in a folder that is to be made. */
  public static String of(Path set, String host) throws CommandException {
    StringWriter errors = new StringWriter();
    PrintWriter err = new PrintWriter(errors);
    int code =
        OnDemandModules.load("io.vfio4j.keys", ToolProvider.class).run(err, err, set.toString(), A_DAY, host);
    assertThat(code).as(errors.toString()).isZero();
    return set.resolve(host).toString();
  }
}
