// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

@Command(name = "serve", description = "Serve an emulated device over a vfio-user socket.", subcommands = {
    ServeScratchCommand.class, ServeIdio16Command.class}, footer = {
        "", "Example:",
        "  vfio4j serve scratch --socket /run/user/1000/a.sock --memory 256m", "",
        "See also: vfio4j serve scratch --help, vfio4j serve idio-16 --help"})
public final class ServeCommand implements Runnable {

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public void run() {
    throw new ParameterException(common.spec().commandLine(),
        "say which device: vfio4j serve scratch --socket PATH, or vfio4j serve idio-16 --socket PATH");
  }
}
