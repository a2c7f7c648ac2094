// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Comparison.Verdict;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The comparison of both sides before a migration, and that a migration is refused by the same comparison. */
class ComparisonTest {

  private static final MigrationFeatures BARE = MigrationFeatures.of();

  /** The two sides of a case. */
  record Sides(List<SimulatedSettings> source, List<SimulatedSettings> target, MemoryRegions sourceMemory,
      MemoryRegions targetMemory) {

    static Sides of(List<SimulatedSettings> source, List<SimulatedSettings> target) {
      return new Sides(source, target, MemoryRegions.NONE, MemoryRegions.NONE);
    }

    static Sides withMemory(MemoryRegions source, MemoryRegions target) {
      return new Sides(List.of(SimulatedSettings.named("a")), List.of(SimulatedSettings.named("b")), source,
          target);
    }
  }

  private static SimulatedSettings named(String name) {
    return SimulatedSettings.named(name);
  }

  private static MemoryRegions memory(BackingStore store, String... names) {
    return new MemoryRegions(Stream.of(names).map(name -> new MemoryRegion(name, name.length() * 0x10000L,
        Arena.ofAuto().allocate(0x4000, 4096), store)).toList());
  }

  static List<Sides> rejectsSameDifferencesAsMigration() {
    return List.of(
        Sides.of(List.of(named("a")), List.of(named("b").withDeviceId(1))),
        Sides.of(List.of(named("a")), List.of(named("b").withFeatures(MigrationFeatures.NONE))),
        Sides.of(List.of(named("a")), List.of(named("b"), named("c"))),
        Sides.of(List.of(named("a"), named("b")), List.of(named("c"), named("d").withFeatures(BARE))),
        Sides.of(List.of(named("a"), named("b").withFeatures(BARE)), List.of(named("c"), named("d"))),
        Sides.withMemory(memory(BackingStore.UNKNOWN, "ram"), MemoryRegions.NONE),
        Sides.withMemory(memory(BackingStore.UNKNOWN, "ram"), memory(BackingStore.UNKNOWN, "memory")),
        Sides.withMemory(memory(BackingStore.UNKNOWN, "ram"),
            memory(() -> Optional.of(new BackingStore.Space("tmp", 0x1000, 0x2fff)), "ram")),
        new Sides(List.of(named("a")), List.of(named("b").withDeviceId(1)),
            memory(BackingStore.UNKNOWN, "ram"), MemoryRegions.NONE));
  }

  /** Both refuse with the same message; the comparison has all reasons if there are several. */
  @ParameterizedTest
  @MethodSource
  void rejectsSameDifferencesAsMigration(Sides sides) throws IOException {
    List<SimulatedDevice> sources = sides.source().stream().map(SimulatedSettings::device).toList();
    List<SimulatedDevice> targets = sides.target().stream().map(SimulatedSettings::device).toList();
    DeviceSet source = DeviceSet.of(sources).withMemory(sides.sourceMemory());
    DeviceSet target = DeviceSet.of(targets).withMemory(sides.targetMemory());

    Comparison comparison = LocalMigration.compare(source, target, MigrationTrial.PATIENT, _ -> false);
    MigrationException e = catchThrowableOfType(MigrationException.class,
        () -> LocalMigration.run(source, target, MigrationTrial.PATIENT, Workload.NONE,
            MigrationListener.NONE));

    assertThat(comparison.isAccepted()).isFalse();
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(e).hasMessageContaining(String.join("; ", comparison.objections()));
    assertThat(Stream.concat(sources.stream(), targets.stream()))
        .allMatch(device -> device.operations().isEmpty());
  }

  private static Comparison compare(SimulatedSettings source, SimulatedSettings target) throws IOException {
    return LocalMigration.compare(DeviceSet.of(source.device()), DeviceSet.of(target.device()),
        MigrationTrial.PATIENT,
        _ -> false);
  }

  private static Property property(List<Property> properties, String name) {
    return properties.stream().filter(property -> property.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void reportsEqualSidesAsSame() throws IOException {
    Comparison comparison = compare(named("a"), named("b"));

    assertThat(comparison.isAccepted()).isTrue();
    assertThat(comparison.objections()).isEmpty();
    assertThat(comparison.sides()).extracting(Property::name).contains("program", "devices");
    assertThat(comparison.devices()).singleElement().satisfies(pair -> {
      assertThat(pair.source()).contains("a");
      assertThat(pair.target()).contains("b");
      assertThat(pair.properties()).extracting(Property::name)
          .contains("ids", "class", "driver", "features", "interface", "state", "layout", "size");
      assertThat(pair.properties()).allMatch(property -> property.verdict() == Verdict.SAME);
    });
    assertThat(comparison.memory()).isEmpty();
  }

  /** Two devices with memory that is the same file on both sides: every property there is. */
  @Test
  void documentListsExactlyTheComparedProperties() throws IOException {
    BackingStore sameFile = new BackingStore() {
      @Override
      public Optional<Space> space() {
        return Optional.empty();
      }

      @Override
      public Optional<FileIdentity> identity() {
        return Optional.of(new FileIdentity(1, 2));
      }
    };
    Comparison comparison = LocalMigration.compare(
        DeviceSet.of(List.of(named("a").device(), named("b").device())).withMemory(memory(sameFile, "ram")),
        DeviceSet.of(List.of(named("c").device(), named("d").device())).withMemory(memory(sameFile, "ram")),
        MigrationTrial.PATIENT, _ -> false);
    Set<String> compared = Stream.concat(comparison.sides().stream(),
        Stream.concat(comparison.devices().stream(), comparison.memory().stream())
            .flatMap(pair -> pair.properties().stream()))
        .map(Property::name).collect(Collectors.toCollection(TreeSet::new));

    String document = Files.readString(
        Path.of(System.getProperty("basedir", ".")).resolve("../docs/commands.md"));
    String table = document.substring(document.indexOf("| compared | refused if |"));
    Set<String> documented = table.substring(0, table.indexOf("\n\n")).lines()
        .map(row -> row.split(" \\| ", 2)[0])
        .flatMap(cell -> Pattern.compile("`([^`]+)`").matcher(cell).results())
        .map(match -> match.group(1)).collect(Collectors.toCollection(TreeSet::new));
    assertThat(documented).isEqualTo(compared);
  }

  /** Differences that only affect how well a migration will run are shown. */
  @Test
  void reportsAllowedDifferences() throws IOException {
    Comparison comparison = compare(named("a").withFeatures(MigrationFeatures.of(MigrationFeature.P2P)),
        named("b").withFeatures(BARE).withContent(64, 1));

    assertThat(comparison.isAccepted()).isTrue();
    List<Property> properties = comparison.devices().getFirst().properties();
    assertThat(property(properties, "features")).returns(Verdict.FINE, Property::verdict)
        .returns("STOP_COPY+P2P", Property::source).returns("STOP_COPY", Property::target);
    assertThat(property(properties, "size").verdict()).isEqualTo(Verdict.FINE);
  }

  @Test
  void rejectsStoppedTargetUnlessReset() throws IOException {
    SimulatedDevice source = named("a").device();
    SimulatedDevice target = named("b").device();
    target.moveTo(DeviceState.STOP);

    Comparison asItIs =
        LocalMigration.compare(DeviceSet.of(source), DeviceSet.of(target), MigrationTrial.PATIENT,
            _ -> false);
    assertThat(asItIs.objections()).containsExactly("b is in STOP; a migration begins in RUNNING");
    Comparison reset =
        LocalMigration.compare(DeviceSet.of(source), DeviceSet.of(target), MigrationTrial.PATIENT,
            device -> device == target);
    assertThat(reset.isAccepted()).isTrue();
    assertThat(target.machineState()).isEqualTo(DeviceState.STOP);
  }

  @Test
  void acceptsMissingP2pStatesWithoutPeerDma() throws IOException {
    DeviceSet source = DeviceSet.of(List.of(named("a").withFeatures(BARE).device(), named("b").device()));
    DeviceSet target = DeviceSet.of(List.of(named("c").device(), named("d").device()));

    Comparison comparison =
        LocalMigration.compare(source, target, MigrationTrial.PATIENT.withNoPeerDma(true), _ -> false);

    assertThat(comparison.isAccepted()).isTrue();
    assertThat(property(comparison.sides(), "p2p").source()).isEqualTo("not all have P2P states");
  }
}
