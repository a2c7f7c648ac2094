// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.InspectedFile;
import io.vfio4j.cli.Json;
import io.vfio4j.cli.LaterCodecs;
import io.vfio4j.cli.Output;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.file.SavedFile;
import java.io.IOException;

/** Files with saved states. */
final class SavedStateKind implements FileKind {

  @Override
  public String name() {
    return "saved states";
  }

  @Override
  public boolean recognises(byte[] beginning) {
    return SavedFile.isSavedState(beginning);
  }

  @Override
  public boolean isForDevices() {
    return true;
  }

  @Override
  public int show(Inspection inspection) throws IOException {
    Output output = inspection.output();
    SavedFile file = SavedFile.check(inspection.path(), LaterCodecs.INSTANCE);
    SavedStateWords.lines(file.state(), inspection.path()).forEach(output::line);
    Json json = SavedStateJson.addTo(Json.event("saved-state").with("file", inspection.path().toString()),
        file.state());
    if (!inspection.isToFit()) {
      output.result(json.build());
      return ExitCodes.DONE;
    }
    Comparison comparison =
        inspection.look(ensemble -> file.compare(ensemble, MigrationOptions.defaults()));
    output.result(json.with("fits", comparison.isAccepted()).build());
    output.line("");
    return InspectedFile.tell(comparison, output);
  }
}
