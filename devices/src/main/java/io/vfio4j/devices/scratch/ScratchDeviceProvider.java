// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.devices.DeviceOption;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Creates scratch devices for {@code serve scratch}. */
final class ScratchDeviceProvider implements DeviceProvider {

  private static final DeviceOption<Long> MEMORY =
      DeviceOption.size("memory", "Size of the internal memory, a multiple of 4k (default: 64m).");
  private static final DeviceOption<Path> LOAD = DeviceOption.readableFile("load",
      "Fill the internal memory with as much of FILE as fits (default: zeros).");
  private static final DeviceOption<Fault> FAULT = DeviceOption
      .of("fault", "SPEC", "Inject a fault, in the form described below. May be repeated.", Fault::parse)
      .repeatable();
  private static final DeviceOption<Boolean> MAPPABLE = DeviceOption.flag("mappable",
      "Let clients map the internal memory; changed pages are then found by comparison.");
  private static final DeviceOption<Boolean> SECOND_TRAFFIC = DeviceOption.flag("second-traffic",
      "Add a second traffic generator, so that the device can write to two places.");

  @Override
  public String name() {
    return "scratch";
  }

  @Override
  public String summary() {
    return "Serve a scratch device, a device for testing migration.";
  }

  @Override
  public String details() {
    return """
        Examples:
          Serve a device whose internal memory holds a file:
            vfio4j serve scratch --socket /tmp/a.sock --memory 256m --load big.iso
          Serve a device that fails to load a state, once:
            vfio4j serve scratch --socket /tmp/b.sock --memory 256m --fault 'arc=RESUMING>STOP,errno=EIO,times=1'
          Serve a device without pre-copy:
            vfio4j serve scratch --socket /tmp/c.sock --features stop_copy,p2p
          Serve a device with a migration region, as before Linux 5.18:
            vfio4j serve scratch --socket /tmp/d.sock --migration v1

        Faults (--fault):
          arc=FROM>TO,errno=E[,error][,times=N]   the arc fails; with error, the device enters ERROR
          arc=FROM>TO,delay=D[,times=N]           the arc takes D longer
          read,at=N,errno=E   read,at=N,cut       reading the state fails, or ends early, at byte N
          write,at=N,errno=E  write,at=N,cut      writing the state fails, or is discarded, from byte N on
          slow=RATE                               the state is read at no more than RATE bytes per second
          announce=SIZE                           SIZE is reported as the length of the state
          traffic=skip|repeat|restart             the traffic loses or repeats writes after a load""";
  }

  @Override
  public List<DeviceOption<?>> options() {
    return List.of(MEMORY, LOAD, FAULT, MAPPABLE, SECOND_TRAFFIC);
  }

  private static long memorySize(DeviceOptions options) {
    return options.get(MEMORY).orElse(ScratchConfig.DEFAULT_MEMORY_SIZE);
  }

  @Override
  public EmulatedDevice create(DeviceSetup setup, DeviceOptions options) throws IOException {
    ScratchConfig config = ScratchConfig.named(setup.name()).withMemorySize(memorySize(options))
        .withFeatures(setup.features()).withFaults(options.all(FAULT)).withMappable(options.isSet(MAPPABLE))
        .withSecondTraffic(options.isSet(SECOND_TRAFFIC)).withPassesMemory(setup.passesMemory());
    return new ScratchDevice(options.get(LOAD).map(config::withContent).orElse(config), setup.log(),
        setup.nanoTime());
  }

  @Override
  public Map<String, Long> properties(DeviceOptions options) {
    return Map.of("memory_bytes", memorySize(options));
  }
}
