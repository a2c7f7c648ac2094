// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.TransportAddress;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Asks for a word before a device's state crosses a network unprotected. To be mixed in. */
final class Insecure {

  @Option(names = "--insecure", description = "Allow TCP beyond this machine, where anybody on the way could read and "
      + "change the device's state; TLS comes in a later version.")
  private boolean insecure;

  /** Returns an address if it may be used. */
  TransportAddress allowed(TransportAddress address, CommandSpec spec) {
    if (insecure || address.isLoopback()) {
      return address;
    }
    throw new ParameterException(spec.commandLine(), address
        + " is not loopback: anybody on the way could read and "
        + "change the device's state. Use unix:PATH or tcp:localhost:PORT with a tunnel, or allow it with --insecure");
  }
}
