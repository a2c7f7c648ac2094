// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.FeaturesConverter;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.cli.base.SpellingSuggestions;
import io.vfio4j.cli.base.VersionsConverter;
import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.TypeConversionException;

/** Parses the part of an address after {@code sim:}, as in {@code a?memory=64m&features=stop_copy,p2p&fault=slow=10m}. */
public final class SimAddress {

  /** What the names of such devices begin with. */
  public static final String SCHEME = "sim:";

  private static final List<String> PARAMETERS =
      List.of("memory", "features", "migration", "load", "fault", "mappable");
  private static final String PARAMETER_SYNTAX =
      "memory=SIZE, features=LIST, migration=v1|v2|both, load=FILE, fault=SPEC or mappable";

  private SimAddress() {
  }

  static DeviceAddress.Sim parse(String text) {
    int mark = text.indexOf('?');
    String name = mark < 0 ? text : text.substring(0, mark);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("expected a name for the simulated device, as in sim:a?memory=64m");
    }
    DeviceAddress.Sim sim = new DeviceAddress.Sim(ScratchConfig.named(SCHEME + name), MigrationVersions.V2);
    if (mark >= 0) {
      for (String part : text.substring(mark + 1).split("&", -1)) {
        sim = apply(sim, part);
      }
    }
    return sim;
  }

  private static DeviceAddress.Sim apply(DeviceAddress.Sim sim, String part) {
    int equals = part.indexOf('=');
    String key = equals < 0 ? part : part.substring(0, equals);
    // A plus sign is literal; it stands for a space only in HTML forms.
    String value =
        URLDecoder.decode(part.substring(equals < 0 ? part.length() : equals + 1).replace("+", "%2B"),
            StandardCharsets.UTF_8);
    ScratchConfig config = sim.config();
    try {
      return switch (key) {
        case "memory" -> sim.with(config.withMemorySize(new SizeConverter().convert(value)));
        case "features" -> sim.with(config.withFeatures(new FeaturesConverter().convert(value)));
        case "migration" -> new DeviceAddress.Sim(config, new VersionsConverter().convert(value));
        case "load" -> sim.with(config.withContent(Path.of(value)));
        case "fault" -> sim.with(config.withFault(Fault.parse(value)));
        case "mappable" -> sim.with(config.withMappable(true));
        default -> throw new IllegalArgumentException("unknown parameter '%s': %sexpected %s".formatted(part,
            SpellingSuggestions.closest(key, PARAMETERS).map("did you mean %s? "::formatted).orElse(""),
            PARAMETER_SYNTAX));
      };
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("%s: %s".formatted(key, e.getMessage()), e);
    }
  }
}
