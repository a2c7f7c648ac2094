// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import io.vfio4j.architecture.high.High;
import io.vfio4j.architecture.low.Low;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Packages form layers, as {@code layers.txt} declares them. */
class LayersTest {
  /** More files than this do not fit into a reader's head. */
  private static final long MAX_FILES = 45;

  static Stream<Arguments> packages() {
    return Layers.read().packages().entrySet().stream()
        .flatMap(module -> module.getValue().stream().map(name -> Arguments.of(module.getKey(), name)));
  }

  private static ArchRule usesNoneOf(String name, List<String> forbidden) {
    return noClasses().that().resideInAPackage(name).should().dependOnClassesThat()
        .resideInAnyPackage(forbidden.toArray(String[]::new));
  }

  @ParameterizedTest
  @MethodSource("packages")
  void usesOnlyLayersBelow(String module, String name) {
    List<String> above = Layers.read().above(module, name);
    if (!above.isEmpty()) {
      usesNoneOf(Layers.ROOT + name, above).check(ProjectClasses.ALL);
    }
  }

  @Test
  void declaresEveryPackageOnce() {
    assertThat(Layers.read().all()).containsExactlyInAnyOrderElementsOf(ProjectClasses.files().keySet());
  }

  @Test
  void packagesOfAllModulesHaveNoCycle() {
    slices().matching("io.vfio4j.(**)").should().beFreeOfCycles().check(ProjectClasses.ALL);
  }

  @Test
  void noPackageIsTooLarge() {
    Map<String, Long> large = new TreeMap<>(ProjectClasses.files());
    large.values().removeIf(files -> files <= MAX_FILES);
    assertThat(large).isEmpty();
  }

  @Test
  void onlyLinuxCallsNativeCode() {
    noClasses().that().resideOutsideOfPackage("io.vfio4j.linux..").should().dependOnClassesThat()
        .belongToAnyOf(Linker.class, SymbolLookup.class).check(ProjectClasses.ALL);
    ArchRule forLinuxToo = noClasses().should().dependOnClassesThat().belongToAnyOf(Linker.class);
    assertThatThrownBy(() -> forLinuxToo.check(ProjectClasses.ALL)).isInstanceOf(AssertionError.class);
  }

  /** Two packages that use each other break both rules. */
  @Test
  void layersAndCyclesFire() {
    var classes = new ClassFileImporter().importClasses(Low.class, High.class);
    assertThatThrownBy(() -> usesNoneOf("io.vfio4j.architecture.low", List.of("io.vfio4j.architecture.high"))
        .check(classes)).isInstanceOf(AssertionError.class).hasMessageContaining("High");
    assertThatThrownBy(() -> slices().matching("io.vfio4j.architecture.(*)").should().beFreeOfCycles()
        .check(classes)).isInstanceOf(AssertionError.class).hasMessageContaining("Cycle detected");
  }
}
