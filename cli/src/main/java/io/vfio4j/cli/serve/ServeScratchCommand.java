// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.cli.base.CommonOptions;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.vfiouser.server.ServerLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "scratch", description = {"Serve a scratch device, which is made for testing migration.",
    "It serves one client after the other until SIGTERM or Ctrl-C, and then removes its socket."}, footer = {
        "", "Examples:", "  Serve a device whose internal memory holds a file:",
        "    vfio4j serve scratch --socket /tmp/a.sock --memory 256m --load big.iso",
        "  Serve one that fails to load a state, once:",
        "    vfio4j serve scratch --socket /tmp/b.sock --memory 256m --fault 'arc=RESUMING>STOP,errno=EIO,times=1'",
        "  Serve one without pre-copy:",
        "    vfio4j serve scratch --socket /tmp/c.sock --features stop_copy,p2p",
        "  Serve one as devices were before Linux 5.18, with a migration region:",
        "    vfio4j serve scratch --socket /tmp/d.sock --migration v1", "", "Faults (--fault):",
        "  arc=FROM>TO,errno=E[,error][,times=N]   the step fails; with error, into ERROR",
        "  arc=FROM>TO,delay=D[,times=N]           the step takes D longer",
        "  read,at=N,errno=E   read,at=N,cut       reading the state fails, or ends, at byte N",
        "  write,at=N,errno=E  write,at=N,cut      writing it fails, or is dropped, from byte N on",
        "  slow=RATE                               the state is read at RATE bytes a second",
        "  announce=SIZE                           SIZE is announced, whatever there is",
        "  traffic=skip|repeat|restart             the traffic cheats after a state was loaded"})
final class ServeScratchCommand implements Callable<Integer> {

  @Mixin
  private final ServeOptions serving = new ServeOptions();

  @Option(names = "--memory", paramLabel = "SIZE", converter = SizeConverter.class, description = "Internal memory, a multiple of 4k (default: 64m).")
  private long memory = ScratchConfig.DEFAULT_MEMORY_SIZE;

  @Option(names = "--load", paramLabel = "FILE", description = "Fill the internal memory with as much of FILE as fits (default: zeros).")
  private @Nullable Path load;

  @Option(names = "--fault", paramLabel = "SPEC", converter = FaultConverter.class, description = "Something that goes wrong, as below; may be given several times.")
  private List<Fault> faults = new ArrayList<>();

  @Option(names = "--mappable", description = "Let clients map the internal memory; changes are found by comparing.")
  private boolean mappable;

  @Option(names = "--second-traffic", description = "Give it a second generator of traffic, so that it can write to two places.")
  private boolean secondTraffic;

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Output output = common.output();
    return serving.serve((name, log) -> device(config(name), log),
        event -> event.with("memory_bytes", memory),
        output);
  }

  private ScratchConfig config(String name) {
    try {
      ScratchConfig config = ScratchConfig.named(name).withMemorySize(memory).withFeatures(serving.features())
          .withFaults(faults).withMappable(mappable)
          .withSecondTraffic(secondTraffic);
      return load == null ? config
          : config.withContent(OptionValues.readableFile(common.spec(), "--load", load));
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }

  private ScratchDevice device(ScratchConfig config, ServerLog log) throws IOException {
    try {
      return new ScratchDevice(config, log, System::nanoTime);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(common.spec(), e);
    }
  }
}
