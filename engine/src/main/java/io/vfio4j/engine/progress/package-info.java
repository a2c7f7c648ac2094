@NullMarked
package io.vfio4j.engine.progress;

import org.jspecify.annotations.NullMarked;
