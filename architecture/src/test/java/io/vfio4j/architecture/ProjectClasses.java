// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The main classes of all modules, as compiled. */
final class ProjectClasses {
  /** Of all modules on the class path, without their tests. */
  static final JavaClasses ALL =
      new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("/architecture/")).importPackages("io.vfio4j");

  private ProjectClasses() {}

  /** Returns the module that a package belongs to: the first part of its name behind {@code io.vfio4j}. */
  static String module(String packageName) {
    String relative = packageName.substring(Layers.ROOT.length());
    int dot = relative.indexOf('.');
    return dot < 0 ? relative : relative.substring(0, dot);
  }

  /** Returns the files of source of each package: its top-level classes, without {@code package-info}. */
  static Map<String, Long> files() {
    Map<String, Long> files = new TreeMap<>();
    ALL.stream().filter(JavaClass::isTopLevelClass)
        .filter(type -> !type.getSimpleName().equals("package-info"))
        .forEach(type -> files.merge(type.getPackageName(), 1L, Long::sum));
    return files;
  }

  /** Returns the packages that each package uses, itself left out. */
  static Map<String, Set<String>> uses() {
    Map<String, Set<String>> uses = new TreeMap<>();
    for (String name : files().keySet()) {
      uses.put(name, new TreeSet<>());
    }
    for (JavaClass type : ALL) {
      Set<String> used = uses.get(type.getPackageName());
      if (used != null) {
        type.getDirectDependenciesFromSelf().stream()
            .map(dependency -> dependency.getTargetClass().getBaseComponentType().getPackageName())
            .filter(name -> !name.equals(type.getPackageName()) && uses.containsKey(name)).forEach(used::add);
      }
    }
    return uses;
  }
}
