// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.vfio4j.model.info.IrqAction;
import java.io.IOException;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares sizes, offsets and numbers with the output of a C program compiled with the headers of the
 * machine, or with those in the directory given by {@code -Dvfio4j.kernelHeaders}. Names missing from an
 * older header are reported.
 */
class HeadersTest {

  /** The directory of {@code linux/vfio.h}. */
  private static final Path HEADERS = Path.of(System.getProperty("vfio4j.kernelHeaders", "/usr/include"));

  private static final List<StructLayout> STRUCTS = List.of(DeviceStructs.GroupStatus.LAYOUT,
      DeviceStructs.DeviceInfo.LAYOUT, DeviceStructs.Region.LAYOUT, DeviceStructs.Irq.LAYOUT,
      DeviceStructs.IrqSet.LAYOUT,
      DeviceStructs.Bind.LAYOUT, DeviceStructs.Attach.LAYOUT, FeatureStructs.Feature.LAYOUT,
      FeatureStructs.Migration.LAYOUT, FeatureStructs.MigState.LAYOUT, FeatureStructs.DataSize.LAYOUT,
      FeatureStructs.PreCopy.LAYOUT, FeatureStructs.LogControl.LAYOUT, FeatureStructs.LogRange.LAYOUT,
      FeatureStructs.LogReport.LAYOUT, Type1Structs.IommuInfo.LAYOUT, Type1Structs.CapHeader.LAYOUT,
      Type1Structs.CapMigration.LAYOUT, Type1Structs.DmaMap.LAYOUT, Type1Structs.DmaUnmap.LAYOUT,
      Type1Structs.DirtyBitmap.LAYOUT, Type1Structs.Bitmap.LAYOUT, Type1Structs.DirtyBitmapGet.LAYOUT,
      IommufdStructs.IoasAlloc.LAYOUT, IommufdStructs.IoasMap.LAYOUT, IommufdStructs.IoasUnmap.LAYOUT,
      IommufdStructs.HwInfo.LAYOUT, IommufdStructs.HwptAlloc.LAYOUT, IommufdStructs.SetDirtyTracking.LAYOUT,
      IommufdStructs.GetDirtyBitmap.LAYOUT);

  /** The structs that later kernels extended at their end: the kernel accepts the length that it is given. */
  private static final List<StructLayout> LENGTHENED =
      List.of(DeviceStructs.DeviceInfo.LAYOUT, DeviceStructs.Bind.LAYOUT,
          DeviceStructs.Attach.LAYOUT, Type1Structs.IommuInfo.LAYOUT, IommufdStructs.HwptAlloc.LAYOUT);

  private static final Map<String, Number> CONSTANTS = constants();

  private static Map<String, Number> constants() {
    Map<String, Number> constants = new LinkedHashMap<>();
    constants.put("VFIO_GROUP_FLAGS_VIABLE", DeviceStructs.GroupStatus.VIABLE);
    constants.put("VFIO_DEVICE_FLAGS_RESET", DeviceStructs.DeviceInfo.RESET);
    constants.put("VFIO_REGION_INFO_FLAG_READ", DeviceStructs.Region.READ);
    constants.put("VFIO_REGION_INFO_FLAG_WRITE", DeviceStructs.Region.WRITE);
    constants.put("VFIO_REGION_INFO_FLAG_MMAP", DeviceStructs.Region.MMAP);
    constants.put("VFIO_REGION_INFO_FLAG_CAPS", DeviceStructs.Region.CAPS);
    constants.put("VFIO_PCI_CONFIG_REGION_INDEX", KernelRegions.CONFIG);
    constants.put("VFIO_IRQ_SET_DATA_NONE", DeviceStructs.IrqSet.DATA_NONE);
    constants.put("VFIO_IRQ_SET_DATA_EVENTFD", DeviceStructs.IrqSet.DATA_EVENTFD);
    constants.put("VFIO_IRQ_SET_ACTION_MASK", IrqAction.MASK.flag());
    constants.put("VFIO_IRQ_SET_ACTION_UNMASK", IrqAction.UNMASK.flag());
    constants.put("VFIO_IRQ_SET_ACTION_TRIGGER", IrqAction.TRIGGER.flag());
    constants.put("VFIO_DEVICE_FEATURE_GET", FeatureStructs.Feature.GET);
    constants.put("VFIO_DEVICE_FEATURE_SET", FeatureStructs.Feature.SET);
    constants.put("VFIO_DEVICE_FEATURE_PROBE", FeatureStructs.Feature.PROBE);
    constants.put("VFIO_DEVICE_FEATURE_MIGRATION", FeatureStructs.Feature.MIGRATION);
    constants.put("VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE", FeatureStructs.Feature.MIG_DEVICE_STATE);
    constants.put("VFIO_DEVICE_FEATURE_DMA_LOGGING_START", FeatureStructs.Feature.DMA_LOGGING_START);
    constants.put("VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP", FeatureStructs.Feature.DMA_LOGGING_STOP);
    constants.put("VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT", FeatureStructs.Feature.DMA_LOGGING_REPORT);
    constants.put("VFIO_DEVICE_FEATURE_MIG_DATA_SIZE", FeatureStructs.Feature.MIG_DATA_SIZE);
    constants.put("VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2", FeatureStructs.Feature.MIG_PRECOPY_INFO_V2);
    constants.put("VFIO_PRECOPY_INFO_REINIT", FeatureStructs.PreCopy.REINIT);
    constants.put("VFIO_IOMMU_INFO_CAPS", Type1Structs.IommuInfo.CAPS);
    constants.put("VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION", Type1Structs.CapMigration.ID);
    constants.put("VFIO_DMA_MAP_FLAG_READ", Type1Structs.DmaMap.READ);
    constants.put("VFIO_DMA_MAP_FLAG_WRITE", Type1Structs.DmaMap.WRITE);
    constants.put("VFIO_IOMMU_DIRTY_PAGES_FLAG_START", Type1Structs.DirtyBitmap.START);
    constants.put("VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP", Type1Structs.DirtyBitmap.STOP);
    constants.put("VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP", Type1Structs.DirtyBitmap.GET_BITMAP);
    constants.put("IOMMU_IOAS_MAP_FIXED_IOVA", IommufdStructs.IoasMap.FIXED_IOVA);
    constants.put("IOMMU_IOAS_MAP_WRITEABLE", IommufdStructs.IoasMap.WRITEABLE);
    constants.put("IOMMU_IOAS_MAP_READABLE", IommufdStructs.IoasMap.READABLE);
    constants.put("IOMMU_HWPT_ALLOC_DIRTY_TRACKING", IommufdStructs.HwptAlloc.DIRTY_TRACKING);
    constants.put("IOMMU_HWPT_DIRTY_TRACKING_ENABLE", IommufdStructs.SetDirtyTracking.ENABLE);
    constants.put("IOMMU_HW_CAP_DIRTY_TRACKING", IommufdStructs.HwInfo.CAP_DIRTY_TRACKING);
    for (Ioctl ioctl : Ioctl.values()) {
      constants.put(ioctl.name(), ioctl.request());
    }
    return constants;
  }

  @TempDir
  private Path folder;

  @Test
  void matchesKernelHeaders() throws Exception {
    Map<String, Path> headers = new TreeMap<>();
    for (String header : List.of("linux/vfio.h", "linux/iommufd.h")) {
      if (Files.exists(HEADERS.resolve(header))) {
        headers.put(header, HEADERS.resolve(header));
      }
    }
    assumeThat(headers).as("headers of the kernel in %s", HEADERS).isNotEmpty();
    StringBuilder text = new StringBuilder();
    for (Path header : headers.values()) {
      text.append(Files.readString(header));
    }

    Map<String, Long> ours = ours();
    Map<String, String> asked = new TreeMap<>();
    TreeSet<String> unknown = new TreeSet<>();
    for (String name : ours.keySet()) {
      String subject = name.contains(" ") ? name.substring(0, name.indexOf(' ')) : name;
      if (isKnown(name, subject, text.toString())) {
        asked.put(name, expression(name, subject));
      } else {
        unknown.add(subject);
      }
    }
    assertThat(asked).isNotEmpty();
    Map<String, Long> theirs = run(headers.values(), asked);

    System.out.printf("%d numbers compared with %s; not in these headers: %s%n", theirs.size(),
        headers.values(),
        unknown);
    asked.keySet().forEach(name -> {
      if (isLengthened(name)) {
        assertThat(theirs.get(name)).as(name).isGreaterThanOrEqualTo(ours.get(name));
      } else {
        assertThat(theirs.get(name)).as(name).isEqualTo(ours.get(name));
      }
    });
  }

  private static boolean isLengthened(String name) {
    return LENGTHENED.stream().anyMatch(layout -> name.equals(layout.name().orElseThrow() + " size"));
  }

  /**
   * Returns the names and numbers of this project: constants by their names, sizes and offsets of structs by
   * {@code STRUCT FIELD}.
   */
  private static Map<String, Long> ours() {
    Map<String, Long> ours = new TreeMap<>();
    CONSTANTS.forEach((name, value) -> ours.put(name, value.longValue()));
    for (StructLayout layout : STRUCTS) {
      String struct = layout.name().orElseThrow();
      ours.put(struct + " size", layout.byteSize());
      for (MemoryLayout member : layout.memberLayouts()) {
        member.name().ifPresent(field -> ours.put(struct + " ." + field,
            layout.byteOffset(PathElement.groupElement(field))));
      }
    }
    return ours;
  }

  private static boolean isKnown(String name, String subject, String headers) {
    if (name.equals(subject)) {
      return Pattern.compile("\\b" + subject + "\\b\\s*[,=(]|\\bdefine\\s+" + subject + "\\b")
          .matcher(headers).find();
    }
    var body = Pattern.compile("struct " + subject + " \\{(.*?)\\n\\};", Pattern.DOTALL).matcher(headers);
    // The first headers of iommufd had one reserved field in place of two fields.
    return body.find() && (!name.contains(" .")
        || Pattern.compile("\\b\\*?" + name.substring(name.indexOf('.') + 1) + "\\b").matcher(body.group(1))
            .find());
  }

  private static String expression(String name, String subject) {
    return name.equals(subject) ? name
        : name.endsWith(" size") ? "sizeof(struct " + subject + ")"
            : "__builtin_offsetof(struct %s, %s)".formatted(subject, name.substring(name.indexOf('.') + 1));
  }

  private Map<String, Long> run(Iterable<Path> headers, Map<String, String> asked)
      throws IOException, InterruptedException {
    StringBuilder program = new StringBuilder("#include <stdio.h>\n#include <sys/ioctl.h>\n");
    headers.forEach(header -> program.append("#include \"").append(header).append("\"\n"));
    program.append("int main(void) {\n");
    asked.forEach((name, expression) -> program
        .append("  printf(\"%%llu %s\\n\", (unsigned long long) (%s));%n".formatted(name, expression)));
    Path source = Files.writeString(folder.resolve("headers.c"), program.append("  return 0;\n}\n"));
    Path binary = folder.resolve("headers");
    output("cc", "-D__user=", "-D__counted_by(x)=", "-o", binary.toString(), source.toString());
    Map<String, Long> answers = new TreeMap<>();
    output(binary.toString()).lines().forEach(line -> answers.put(line.substring(line.indexOf(' ') + 1),
        Long.parseLong(line.substring(0, line.indexOf(' ')))));
    return answers;
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = start(command);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", Stream.of(command).toList(), output).isZero();
    return output;
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
