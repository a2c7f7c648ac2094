@NullMarked
package io.vfio4j.engine.file;

import org.jspecify.annotations.NullMarked;
