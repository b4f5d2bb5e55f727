// Scores events by conifer's cpp backend, as the bridge that conifer writes does it, for several types.
//
//     conifer_scores MODEL.json TYPES FEATURES SCORES
//
// TYPES is a line of the list in types.h, which make_conifer_reference.py writes. FEATURES are float32,
// row after row; SCORES are float64.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "ap_fixed.h"
#include "conifer.h"
#include "aliases.h"

template <class Input, class Score>
struct Types : conifer::ConiferConfiguration {
    typedef Input threshold_t;
    typedef Input input_t;
    typedef Input weight_t;
    typedef Score score_t;
};

template <class Input, class Score>
static void run(const char *model, const char *features, const char *scores) {
    conifer::BDT<Types<Input, Score>> trees(model);
    std::ifstream description(model);
    const size_t width = nlohmann::json::parse(description)["n_features"].get<size_t>();
    std::ifstream input(features, std::ios::binary);
    std::ofstream output(scores, std::ios::binary);
    std::vector<float> row(width);
    while (input.read(reinterpret_cast<char *>(row.data()), width * sizeof(float))) {
        auto found = trees._decision_function_double({row.begin(), row.end()});
        output.write(reinterpret_cast<const char *>(found.data()), found.size() * sizeof(double));
    }
    if (!output.flush()) std::exit(1);
}

int main(int count, char **words) {
    if (count != 5) return 2;
    const std::string types = words[2];
#define TYPES(name, input, score) \
    if (types == name) run<input, score>(words[1], words[3], words[4]);
#include "types.h"
    return 0;
}
