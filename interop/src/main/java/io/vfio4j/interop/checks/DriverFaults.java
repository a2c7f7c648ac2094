// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Faults of test devices, set as parameters of their module until closed. */
final class DriverFaults implements AutoCloseable {

  private static final String DISABLED = "18446744073709551615";
  private static final Map<String, String> DEFAULTS = disabled();

  private DriverFaults() {
  }

  private static Map<String, String> disabled() {
    Map<String, String> none = new LinkedHashMap<>();
    none.put("fault_device", "");
    none.put("fault_arc", "");
    none.put("fault_outcome", "stay");
    none.put("fault_count", "-1");
    none.put("fault_errno", "5");
    for (String never : new String[] {"fault_read_at", "fault_read_end", "fault_write_at"}) {
      none.put(never, DISABLED);
    }
    for (String zero : new String[] {"fault_read_cut", "fault_write_cut", "fault_reset", "fault_reset_after",
        "fault_info", "reinit_at"}) {
      none.put(zero, "0");
    }
    none.put("dma_log", "Y");
    none.put("info_v2", "Y");
    none.put("end_is_zero", "N");
    none.put("features", "7");
    return none;
  }

  /**
   * Sets parameters.
   *
   * @param parameters names and values of module parameters
   */
  static DriverFaults set(Map<String, String> parameters) throws IOException {
    DriverFaults faults = new DriverFaults();
    try {
      for (Map.Entry<String, String> parameter : parameters.entrySet()) {
        if (!DEFAULTS.containsKey(parameter.getKey())) {
          throw new IllegalArgumentException("unknown parameter: " + parameter.getKey());
        }
        TestDevice.parameter(parameter.getKey(), parameter.getValue());
      }
      return faults;
    } catch (IOException | RuntimeException e) {
      faults.close();
      throw e;
    }
  }

  /** Makes an arc fail with EIO, with a {@code fault_outcome} of the module. */
  static DriverFaults arc(String arc, String outcome) throws IOException {
    return set(Map.of("fault_arc", arc, "fault_outcome", outcome));
  }

  /** Restores the parameters. */
  @Override
  public void close() throws IOException {
    for (Map.Entry<String, String> parameter : DEFAULTS.entrySet()) {
      TestDevice.parameter(parameter.getKey(), parameter.getValue());
    }
  }
}
