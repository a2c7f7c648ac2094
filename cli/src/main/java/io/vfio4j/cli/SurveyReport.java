// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.HostSurvey.Migrates;
import io.vfio4j.cli.HostSurvey.MigratesNot;
import io.vfio4j.cli.HostSurvey.Surveyed;
import io.vfio4j.cli.HostSurvey.Unseen;
import io.vfio4j.linux.vfio.HostDevice;
import java.util.ArrayList;
import java.util.List;

/** A survey, for people and for programs. */
final class SurveyReport {

  private final HostSurvey survey;

  SurveyReport(HostSurvey survey) {
    this.survey = survey;
  }

  List<String> lines() {
    HostMachine machine = survey.machine();
    if (survey.isEmpty()) {
      return List.of("no VFIO here: the kernel (%s) %s and no mediated device".formatted(machine.release(),
          machine.hasIommu() ? "has put no device but bridges into IOMMU groups"
              : "uses no IOMMU, so it has no device that it could hand on safely,"),
          machine.hasIommu()
              ? "an SR-IOV device makes functions to hand on: echo N > /sys/bus/pci/devices/ADDRESS/sriov_numvfs"
              : "switch it on in the firmware (VT-d, AMD-Vi, SMMU) and boot with intel_iommu=on; a driver that makes "
                  + "mediated devices needs none");
    }
    List<String> lines = new ArrayList<>();
    lines.add("kernel %s: VFIO %s, iommufd %s".formatted(machine.release(), machine.hasVfio() ? "is loaded"
        : "is not loaded", machine.hasIommufd() ? "too" : "is not there"));
    survey.devices().forEach(found -> lines.addAll(lines(found)));
    long unseen = survey.devices().stream().filter(found -> found.verdict() instanceof Unseen).count();
    if (unseen > 0) {
      lines.add("%d of %d devices could not be looked at".formatted(unseen, survey.devices().size()));
    }
    return lines;
  }

  /** Returns two lines about a device. */
  static List<String> lines(Surveyed found) {
    return List.of("%s  %s".formatted(words(found), describe(found.device())),
        "     " + found.verdict().words());
  }

  private static String words(Surveyed found) {
    return switch (found.verdict()) {
      case Migrates _ -> "yes";
      case MigratesNot _ -> "no ";
      case Unseen _ -> "?  ";
    };
  }

  private static String describe(HostDevice device) {
    StringBuilder words = new StringBuilder(device.address());
    device.ids().ifPresent(ids -> words.append(" %04x:%04x".formatted(ids.vendor(), ids.device())));
    words.append(" (").append(device.driver().orElse("no driver"));
    device.group().ifPresent(group -> words.append(", group ").append(group));
    device.cdev().ifPresent(cdev -> words.append(", ").append(cdev));
    if (!device.neighbours().isEmpty()) {
      words.append(", with ")
          .append(String.join(", ", device.neighbours().stream().map(HostDevice.Neighbour::name)
              .toList()));
    }
    return words.append(')').toString();
  }

  JsonObject json() {
    HostMachine machine = survey.machine();
    return Json.event("probe-all").with("kernel", machine.release()).with("iommu", machine.hasIommu())
        .with("vfio", machine.hasVfio()).with("iommufd", machine.hasIommufd())
        .with("devices", survey.devices(), found -> json(found)).build();
  }

  static JsonObject json(Surveyed found) {
    HostDevice device = found.device();
    Migrates migrates = found.verdict() instanceof Migrates yes ? yes : null;
    return Json.object().with("device", device.address()).with("kind", device.kind().name())
        .with("ids", device.ids().map(ids -> "%04x:%04x".formatted(ids.vendor(), ids.device())).orElse(null))
        .with("driver", device.driver().orElse(null))
        .with("group",
            device.group().isPresent() ? new JsonPrimitive(device.group().getAsInt()) : JsonNull.INSTANCE)
        .with("cdev", device.cdev().orElse(null))
        .with("goes_with", device.neighbours().stream().map(HostDevice.Neighbour::name).toList())
        .with("can_migrate", found.verdict() instanceof Unseen ? JsonNull.INSTANCE
            : new JsonPrimitive(migrates != null))
        .with("features", migrates == null ? List.of() : FeatureNames.of(migrates.features()))
        .with("state", migrates == null ? null : migrates.state().name())
        .with("words", found.verdict().words()).build();
  }
}
