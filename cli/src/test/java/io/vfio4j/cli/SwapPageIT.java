// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/swap.md, in order, while a client uses the device. */
class SwapPageIT {

  private static final long VALUE = 0x5357_4150;

  @TempDir
  private Path folder;

  private final List<ChildServer> servers = new ArrayList<>();

  @AfterEach
  void stop() {
    servers.forEach(ChildServer::close);
  }

  @Test
  void runsCommandsOfPage() throws Exception {
    DocumentationPage page = DocumentationPage.read("docs/swap.md");
    List<String> commands = page.commands("vfio4j ", folder);
    // SwapDemoIT runs the demonstration.
    assertThat(commands).hasSizeGreaterThanOrEqualTo(10).first().isEqualTo("demo --swap");
    serve(commands.get(1));
    StringBuilder output = new StringBuilder();
    try (VfioUserClient vmm = VfioUserClient.connect(servers.getFirst().socket(), ClientOptions.DEFAULT)) {
      vmm.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, VALUE);
      for (String command : commands.subList(2, commands.size())) {
        if (command.endsWith(" &")) {
          serve(command);
        } else {
          output.append(run(command));
        }
        assertThat(vmm.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH)).as(command)
            .isEqualTo(VALUE);
      }
      for (String line : page.outputs()) {
        String expected = line.replace("4135", Long.toString(ProcessHandle.current().pid()));
        assertThat(output.toString().replaceAll(" +", " ")).contains(expected.replaceAll(" +", " "));
      }
    }
  }

  private void serve(String command) throws Exception {
    servers.add(ChildServer.start(List.of(command.replace(" &", "").split(" "))));
  }

  /** Runs a command, and returns what it prints. Only the comparison with the third server fails. */
  private String run(String command) {
    Stream<String> state = command.startsWith("recover") || command.startsWith("swap")
        ? Stream.of("--state-dir", folder.resolve("state").toString())
        : Stream.empty();
    CommandRun run = CommandRun
        .vfio4j(Stream.concat(Stream.of(command.split(" ")), state).toArray(String[]::new));
    assertThat(run.exitCode()).as("%s: %s", command, run.err())
        .isEqualTo(command.contains("c.control") ? ExitCodes.FAILURE : ExitCodes.SUCCESS);
    return run.out() + run.err();
  }
}
