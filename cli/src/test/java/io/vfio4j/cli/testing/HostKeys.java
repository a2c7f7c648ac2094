// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.OnDemandModules;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.spi.ToolProvider;

/** Keys of this host for commands on both sides, created as by {@code vfio4j keys} once it is packaged. */
public final class HostKeys {

  private static final String A_DAY = "86400";

  private HostKeys() {
  }

  /** Creates keys and returns the argument for {@code --keys}. */
  public static String in(Path folder) throws CommandException {
    return of(folder.resolve("keys"), "localhost");
  }

  /** Creates keys for a host in a new folder. */
  public static String of(Path set, String host) throws CommandException {
    StringWriter errors = new StringWriter();
    PrintWriter err = new PrintWriter(errors);
    int code =
        OnDemandModules.load("io.vfio4j.keys", ToolProvider.class).run(err, err, set.toString(), A_DAY, host);
    assertThat(code).as(errors.toString()).isZero();
    return set.resolve(host).toString();
  }
}
