// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.LazyCodecs;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.report.SavedStateJson;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.file.SavedFile;
import java.io.IOException;

/** The format of saved states. */
final class SavedStateFormat implements FileFormat {

  @Override
  public String name() {
    return "saved states";
  }

  @Override
  public boolean recognises(byte[] beginning) {
    return SavedFile.isSavedState(beginning);
  }

  @Override
  public boolean isRestorable() {
    return true;
  }

  @Override
  public int show(Inspection inspection) throws IOException {
    Output output = inspection.output();
    SavedFile file = SavedFile.check(inspection.path(), LazyCodecs.INSTANCE);
    SavedStateText.lines(file.state(), inspection.path()).forEach(output::line);
    Json json = SavedStateJson.addTo(Json.event("saved-state").with("file", inspection.path().toString()),
        file.state());
    if (!inspection.hasDevices()) {
      output.result(json.build());
      return ExitCodes.SUCCESS;
    }
    Comparison comparison =
        inspection.inspectDevices(devices -> file.compare(devices, MigrationOptions.defaults()));
    output.result(json.with("fits", comparison.isAccepted()).build());
    output.line("");
    return InspectOptions.report(comparison, output);
  }
}
